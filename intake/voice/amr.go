package voice

import "bytes"

// The sizes of frames of AMR by type, the byte of the type included (RFC 4867
// section 5.3, 3GPP TS 26.101 and 26.201); 0 is a type that no file has.
var (
	amrNarrow = [16]int64{13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1}
	amrWide   = [16]int64{18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1}
)

func isAMR(head []byte) bool {
	return bytes.HasPrefix(head, []byte("#!AMR\n")) || bytes.HasPrefix(head, []byte("#!AMR-WB\n"))
}

// readAMR reads files of AMR and AMR-WB with one channel (RFC 4867 section 5):
// frames of 20 ms, each with a byte that tells its size.
func readAMR(w *window) (*track, error) {
	t := &track{format: "amr", mime: "audio/amr", codec: "amr_nb", rate: 8000, channels: 1, reach: reach{seconds: 0.04, units: 2}}
	sizes, off := amrNarrow, int64(6)
	if w.at(0, 6)[5] == '-' {
		t.mime, t.codec, t.rate = "audio/amr-wb", "amr_wb", 16000
		sizes, off = amrWide, 9
	}
	t.keep = []extent{{0, off}}
	n := 0
	for off < w.size {
		b := w.full(off, 1)
		if b == nil {
			break
		}
		size := sizes[b[0]>>3&15]
		if size == 0 || b[0]&0x83 != 0 {
			t.warn("damaged-sound", "behind some frames follows what is no speech")
			t.vague = true
			break
		}
		if off+size > w.size {
			t.warn("damaged-sound", "the last frame is cut short")
			break
		}
		t.add(block{extent{off, off + size}, float64(n) * 0.02, float64(n+1) * 0.02})
		off, n = off+size, n+1
	}
	t.seconds = float64(n) * 0.02
	return t, w.err
}

// The frames of GSM 06.10 without a head, as telephone systems write them.
const (
	gsmFrame   = 33
	gsmSamples = 160
)

// isGSM knows GSM 06.10 by the four bits with which each frame begins.
func isGSM(head []byte) bool {
	if len(head) < gsmFrame {
		return false
	}
	for off := 0; off < len(head); off += gsmFrame {
		if head[off]>>4 != 0xd {
			return false
		}
	}
	return true
}

func readGSM(w *window) (*track, error) {
	t := &track{format: "gsm", mime: "audio/gsm", codec: "gsm", rate: 8000, channels: 1, reach: reach{units: 2}}
	t.pcm(extent{0, w.size}, gsmFrame, gsmSamples)
	if w.size%gsmFrame != 0 {
		t.warn("damaged-sound", "the last frame is cut short")
	}
	return t, nil
}
