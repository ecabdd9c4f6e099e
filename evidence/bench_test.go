package evidence

import (
	"strings"
	"testing"
)

var benchBody = strings.Repeat("A line of a letter that is about as long as such lines are.\r\n", 60)

const benchHeader = "Received: from a.example.net (a.example.net [192.0.2.1])\r\n\tby b.example.org with ESMTP id 123456;\r\n\tTue, 3 Jan 2017 12:00:02 +0000\r\n" +
	"From: Ada <ada@example.org>\r\nTo: Bob <bob@example.net>\r\nCc: carol@example.net\r\nSubject: minutes of the harbour board\r\nDate: Tue, 3 Jan 2017 12:00:00 +0000\r\n" +
	"Message-ID: <1@example.org>\r\nIn-Reply-To: <0@example.org>\r\nReferences: <0@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" +
	"Content-Transfer-Encoding: 7bit\r\nX-Mailer: paper\r\n\r\n"

func benchExamine(b *testing.B, mail string, keys *Keys) {
	raw := []byte(mail)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		Examine(raw, keys, now)
	}
}

func BenchmarkUnsigned(b *testing.B) {
	benchExamine(b, strings.Replace(benchHeader, "\r\n\r\n", "\r\n"+strings.Repeat("X-Further-Field: with some value in it\r\n", 40)+"\r\n", 1)+benchBody, nil)
}

func BenchmarkSigned(b *testing.B) {
	for name, s := range map[string]signing{
		"rsa1024": {key: rsaKey(1024), alg: "rsa-sha256"},
		"rsa2048": {key: rsaKey(2048), alg: "rsa-sha256"},
		"ed25519": {key: edKey(), alg: "ed25519-sha256"},
	} {
		s.c, s.h = "relaxed/relaxed", "from:to:cc:subject:date:message-id:mime-version:content-type"
		mail, keys := s.signed(benchHeader+benchBody), keysFor(s.key.record())
		b.Run(name, func(b *testing.B) { benchExamine(b, mail, keys) })
		b.Run(name+"/nokey", func(b *testing.B) { benchExamine(b, mail, nil) })
		b.Run(name+"/LF", func(b *testing.B) { benchExamine(b, strings.ReplaceAll(mail, "\r\n", "\n"), keys) })
	}
}
