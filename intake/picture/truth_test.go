package picture

import (
	"bytes"
	"context"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gabriel-vasile/mimetype"

	"unseal/intake/ocr"
	"unseal/intake/reader"
	"unseal/material"
)

// truth is what ../shared/corpora/truth.json expects of a picture.
type truth struct {
	Kind         string
	Type         string
	GPSLatitude  *float64
	GPSLongitude *float64
	HasGPS       bool `json:"has_gps"`
	Orientation  int
	ImageWidth   int
	ImageHeight  int
	FileType     string
	Model        string
	Frames       int    `json:"frames"`
	OCRContains  string `json:"ocr_contains"`
	Taken        string `json:"DateTimeOriginal"`
}

// corpora are the real pictures, or the test is skipped aloud.
func corpora(t *testing.T) (dir string, files map[string]truth) {
	t.Helper()
	dir, files = material.Corpora(t), material.Truth[truth](t, "images/")
	maps.DeleteFunc(files, func(_ string, tr truth) bool { return tr.Type != "image" })
	if len(files) == 0 {
		t.Fatal("truth.json names no pictures")
	}
	return dir, files
}

func input(t *testing.T, b []byte, langs ...string) *reader.Input {
	t.Helper()
	return &reader.Input{Content: bytes.NewReader(b), Size: int64(len(b)), Dir: t.TempDir(), Request: reader.Request{Type: mimetype.Detect(b).String(), Langs: langs}}
}

func fact(res reader.Result, name string) string {
	for _, f := range res.Reading.Facts {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

func found(res reader.Result, code string) bool {
	for _, f := range res.Reading.Findings {
		if f.Code == code {
			return true
		}
	}
	return false
}

// PSD: the truth counts layers, and the merged picture is what is shown.
var others = []string{"images/tika-images/testPSD2.psd", "images/tika-images/testPSD_xmp.psd"}

func TestRealPicturesAreAsTheTruthSays(t *testing.T) {
	dir, files := corpora(t)
	full, partly, failed := 0, 0, 0
	for name, want := range files {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		res := Read(context.Background(), input(t, b))
		check := func(what, got, want string) {
			if got != want {
				t.Errorf("%s: %s is %q, want %q", name, what, got, want)
			}
		}
		if want.ImageWidth > 0 {
			check("width", fact(res, "width"), strconv.Itoa(want.ImageWidth))
			check("height", fact(res, "height"), strconv.Itoa(want.ImageHeight))
		}
		if want.Orientation > 0 && fact(res, "orientation") != "" {
			check("orientation", fact(res, "orientation"), strconv.Itoa(want.Orientation))
		}
		if want.Frames > 0 && !slices.Contains(others, name) {
			check("frames", fact(res, "frames"), strconv.Itoa(want.Frames))
		}
		if want.Model != "" && !strings.Contains(fact(res, "camera"), want.Model) {
			t.Errorf("%s: the camera is %q, want %q", name, fact(res, "camera"), want.Model)
		}
		if want.Taken != "" {
			check("taken", fact(res, "taken")[:min(19, len(fact(res, "taken")))], strings.Replace(strings.Replace(want.Taken, ":", "-", 2), " ", "T", 1))
		}
		if found(res, "gps") != want.HasGPS {
			t.Errorf("%s: gps is %v, want %v", name, !want.HasGPS, want.HasGPS)
		}
		if want.HasGPS {
			near(t, name, fact(res, "gps"), *want.GPSLatitude, *want.GPSLongitude)
		}
		view := Picture(context.Background(), input(t, b))
		switch {
		case view.Failed != "" || res.Failed != "":
			failed++
			t.Logf("%s: kept only: %s %s", name, res.Failed, view.Failed)
		case view.Partly != "" || res.Partly != "" || len(res.Record.Warnings) > 0:
			partly++
			t.Logf("%s: partly: %s %s %v", name, res.Partly, view.Partly, res.Record.Warnings)
		default:
			full++
		}
	}
	t.Logf("%d pictures: %d fully read, %d partly, %d kept only", len(files), full, partly, failed)
}

func near(t *testing.T, name, got string, lat, long float64) {
	t.Helper()
	a, b, _ := strings.Cut(got, ", ")
	x, _ := strconv.ParseFloat(a, 64)
	y, _ := strconv.ParseFloat(b, 64)
	if math.Abs(x-lat) > 1e-4 || math.Abs(y-long) > 1e-4 {
		t.Errorf("%s: made at %q, want %v, %v", name, got, lat, long)
	}
}

func TestTextOfRealPicturesIsRead(t *testing.T) {
	dir, files := corpora(t)
	if _, err := ocr.New(context.Background(), t.TempDir(), []string{"en"}); err != nil {
		material.Missing(t, "tesseract ("+err.Error()+")")
	}
	for name, want := range files {
		if want.OCRContains == "" || strings.Contains(want.OCRContains, "pearts") { // what another program made of a turned page
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		res := OCR(context.Background(), input(t, b, "en"))
		if len(res.Reading.Texts) != 1 || !strings.Contains(res.Reading.Texts[0].Segments[0].Text, want.OCRContains) || res.By == "" {
			t.Errorf("%s: the text read is %+v %s", name, res.Reading.Texts, res.Failed)
		}
	}
}
