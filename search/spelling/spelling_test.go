package spelling

import "testing"

func TestTablesMakeSense(t *testing.T) {
	if _, err := readStems(stemsText); err != nil {
		t.Error(err)
	}
	if _, err := readSounds(namesText); err != nil {
		t.Error(err)
	}
}
