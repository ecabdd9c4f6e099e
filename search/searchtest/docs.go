package searchtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"unseal/search"
	"unseal/trove"
)

// The words that generated texts are made of: several writing systems, forms
// that fold to one another, signs inside words.
var vocabulary = map[string][]string{
	"en": strings.Fields(`the harbour council budget schedule annex revised Minister's don't O'Neil e-mail v2.1 2015 report draft meeting
		minutes contract dredging crane tender quay data_frame tide night letter scheduled scheduling harbor and or not to of in 12.50`),
	"fr": strings.Fields(`l’élection l'élection élections aujourd’hui d'accord qu’il réunion du comité cœur œuvre été budget révisé naïve
		façade où la une dépôt projet port c'est jusqu'au brouillon`),
	"it": strings.Fields(`dell’acqua un'altra quest'anno città perché l'università sull'onda porto`),
	"de": strings.Fields(`Straße Maß Übergabe Größe Hafen Fluß über grün ß-Wert Änderung Prüfung Ausschuß`),
	"es": strings.Fields(`año señor reunión muelle presupuesto niño canción número`),
	"ru": strings.Fields(`ещё Ёлка порт совет бюджет письмо Йод причал договор новый проект город`),
	"el": strings.Fields(`λιμάνι Συμβούλιο προϋπολογισμός άνθρωπος Ελλάς`),
	"ar": strings.Fields(`الإنتخابات الانتخابات جَدْوَل جدول كتـــاب كتاب أعمال الأعمال آخر مؤتمر ميناء مجلس ٢٠١٥ رسالة إلى`),
	"fa": strings.Fields(`بندر شورا بودجه ۲۰۱۵ نامه`),
	"zh": strings.Fields(`会议记录 会议 港口 预算会 文件。`),
	"ja": strings.Fields(`港湾 かいぎ 議事録 データ`),
	"ko": strings.Fields(`항구 회의록 예산`),
}

var languages = []string{"en", "en", "en", "fr", "fr", "it", "de", "es", "ru", "el", "ar", "ar", "fa", "zh", "ja", "ko"}

var persons = []trove.Address{
	{Name: "Mary Example", Addr: "mary@example.org"}, {Name: "Omar Haddad", Addr: "Omar.Haddad@harbour.example"},
	{Name: "Zoë Müller", Addr: "zoe.mueller@example.org"}, {Name: "محمد مثال", Addr: "mohamed@example.net"},
	{Name: "Ёлкин, Пётр", Addr: "petr@mail.example.com"}, {Name: "", Addr: "noreply@council.example"},
	{Name: "王小明", Addr: "xiaoming@example.cn"}, {Name: "Anne Mary", Addr: "anne.mary@example.org"},
	{Name: "Harbour Council", Addr: "council@harbour.example"},
}

var files = []search.File{
	{Name: "annex.pdf", Type: "application/pdf"}, {Name: "Budget révisé.xlsx", Type: "application/zip"},
	{Name: "photo.JPG", Type: "image/jpeg"}, {Name: "notes.txt", Type: "text/plain"}, {Name: "会议.pdf", Type: "application/pdf"},
	{Name: "tender-annex.final.pdf", Type: "application/pdf"},
}

// Docs generates documents of several collections, languages and batches, in
// the order in which batches are built: numbers ascend within a batch, and
// dates mostly do.
func Docs(seed uint64, n int) []*search.Doc {
	rnd := rand.New(rand.NewPCG(seed, 1))
	g := &generator{rnd: rnd}
	next := map[trove.CollectionName]int{}
	var out []*search.Doc
	for i := range n {
		coll := trove.CollectionName([]string{"mail", "notes"}[i*3/n%2])
		next[coll]++
		d := g.doc(coll, next[coll])
		if i%5 == 0 {
			d.Made = [][]string{{"transcript"}, {"translation"}, {"transcript", "translation"}}[i/5%3]
		}
		d.Batch = 1 + i*5/n
		d.Published = time.Date(2020, 1, 1+40*d.Batch, 9, 0, 0, 0, time.UTC)
		if len(out) > 3 && rnd.IntN(12) == 0 { // a copy of an earlier one
			o := out[len(out)-1-rnd.IntN(3)]
			if o.Collection == coll && o.CopyOf == 0 {
				d.Subject, d.Body, d.CopyOf = o.Subject, o.Body, o.Number
			}
		}
		out = append(out, d)
	}
	return out
}

type generator struct {
	rnd  *rand.Rand
	days int
}

func (g *generator) doc(coll trove.CollectionName, number int) *search.Doc {
	lang := languages[g.rnd.IntN(len(languages))]
	g.days += g.rnd.IntN(12)
	d := &search.Doc{
		Collection: coll, Number: number, Edition: 1, Kind: trove.Mail, Lang: lang,
		Date:    time.Date(2011, 1, 1, g.rnd.IntN(24), g.rnd.IntN(60), g.rnd.IntN(60), 0, time.UTC).AddDate(0, 0, g.days),
		Subject: g.text(lang, 2+g.rnd.IntN(5)), Body: g.body(lang),
		From: []trove.Address{g.person()}, To: []trove.Address{g.person()},
		MessageID: fmt.Sprintf("ID.%d-%s@mail.example.org", number, coll), Thread: trove.ThreadID(fmt.Sprint(coll, number/4)),
		Verdict: []trove.Verdict{trove.Valid, trove.KeptKey, trove.Unchecked, trove.Unsigned, trove.Mismatch, trove.Redacted}[g.rnd.IntN(6)],
		SHA256:  trove.Sum(fmt.Append(nil, coll, number)), Size: int64(g.rnd.IntN(10_000)), Mass: g.rnd.IntN(5) == 0,
		Owner: []string{"", "Mary", "Omar"}[g.rnd.IntN(3)],
	}
	switch g.rnd.IntN(12) {
	case 0:
		d.Date = time.Time{}
	case 1:
		d.Date = d.Date.AddDate(-3, 0, 0)
	case 2:
		d.Kind = trove.Doc
	}
	for range g.rnd.IntN(3) {
		d.Cc = append(d.Cc, g.person())
	}
	if g.rnd.IntN(4) == 0 {
		d.Bcc = append(d.Bcc, g.person())
	}
	for range max(0, g.rnd.IntN(5)-2) {
		f := files[g.rnd.IntN(len(files))]
		f.SHA256 = trove.Sum([]byte(f.Name))
		if g.rnd.IntN(2) == 0 {
			f.Text = g.text(lang, 30)
		}
		d.Files = append(d.Files, f)
	}
	return d
}

func (g *generator) person() trove.Address { return persons[g.rnd.IntN(len(persons))] }

// text strings words together; rare numbers make some words of their own.
func (g *generator) text(lang string, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString([]string{" ", " ", " ", " ", ", ", " - ", "\u200f ", "; "}[g.rnd.IntN(8)])
		}
		words := vocabulary[lang]
		if g.rnd.IntN(6) == 0 {
			words = vocabulary["en"]
		}
		// The square makes the first words of a list more common.
		x := g.rnd.Float64()
		w := words[int(x*x*float64(len(words)))]
		switch g.rnd.IntN(12) {
		case 0:
			w = strings.ToUpper(w)
		case 1:
			w = fmt.Sprintf("%c%d", 'k'+rune(g.rnd.IntN(3)), g.rnd.IntN(300))
		}
		b.WriteString(w)
	}
	return b.String()
}

func (g *generator) body(lang string) string {
	var lines []string
	for range 1 + g.rnd.IntN(8) {
		line := g.text(lang, 1+g.rnd.IntN(14))
		if g.rnd.IntN(3) == 0 {
			line = strings.Repeat(">", 1+g.rnd.IntN(2)) + " " + line
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n") + []string{"", "\n"}[g.rnd.IntN(2)]
}

// Batches splits documents by their batch, in its order.
func Batches(docs []*search.Doc) [][]*search.Doc {
	by := map[int][]*search.Doc{}
	var numbers []int
	for _, d := range docs {
		if by[d.Batch] == nil {
			numbers = append(numbers, d.Batch)
		}
		by[d.Batch] = append(by[d.Batch], d)
	}
	slices.Sort(numbers)
	var out [][]*search.Doc
	for _, n := range numbers {
		out = append(out, by[n])
	}
	return out
}
