package crash

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"syscall"

	"unseal/durable"
)

// Acked are the contents of files that a story holds to be stored.
type Acked map[string][]byte

// Story is a piece of work on files, and what it promises.
type Story struct {
	// Run does the work, from whatever an earlier, broken-off run has left, and
	// calls ack for each file as soon as it holds it to be stored. Before it
	// changes such a file it takes that back with nil for the data.
	Run func(fsys durable.FS, ack func(name string, data []byte)) error
	// Check says what is wrong with the files after a crash, beyond the acked
	// ones, which are compared anyway; nil checks nothing more.
	Check func(fsys fs.FS, acked Acked) error
	// Wrap changes the file system that Run sees, for controls; nil does not.
	Wrap func(durable.FS) durable.FS
}

// Result is what a harness found.
type Result struct {
	Points int   // steps of one undisturbed run
	Runs   int   // crashes or faults tried
	Bad    int   // broken promises
	First  error // the first of them
}

func (r Result) String() string {
	return fmt.Sprintf("%d points, %d runs, %d bad", r.Points, r.Runs, r.Bad)
}

func (r *Result) add(err error) {
	r.Runs++
	if err == nil {
		return
	}
	if r.Bad++; r.First == nil {
		r.First = err
	}
}

// errPower is what every change gets after the power has gone.
var errPower = errors.New("no power")

// run runs the story on m with a hook.
func (s Story) run(m *Mem, hook func(Step) error) (Acked, error) {
	var fsys durable.FS = m
	if hook != nil {
		fsys = Watch(m, hook)
	}
	if s.Wrap != nil {
		fsys = s.Wrap(fsys)
	}
	acked := Acked{}
	err := s.Run(fsys, func(name string, data []byte) {
		if data == nil {
			delete(acked, name)
			return
		}
		acked[name] = data
	})
	return acked, err
}

// check compares what was acked and asks the story's own check.
func (s Story) check(m *Mem, acked Acked) error {
	for name, want := range acked {
		got, err := fs.ReadFile(m, name)
		if err != nil {
			return fmt.Errorf("acknowledged, but: %w", err)
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("acknowledged %s has other bytes", name)
		}
	}
	if s.Check == nil {
		return nil
	}
	return s.Check(m, acked)
}

// points counts the steps of an undisturbed run.
func (s Story) points() (n int, err error) {
	m := NewMem()
	acked, err := s.run(m, func(Step) error { n++; return nil })
	if err == nil {
		err = s.check(m, acked)
	}
	return n, err
}

// PowerLoss breaks the story off before each of its steps and after the last,
// with as many different crashes each; looks at what is left; runs it again on
// that; and looks at the end of it after one more crash.
func (s Story) PowerLoss(crashes int) (Result, error) {
	points, err := s.points()
	if err != nil {
		return Result{}, err
	}
	r := Result{Points: points}
	for k := 1; k <= points+1; k++ {
		for seed := range crashes {
			if err := s.lose(k, uint64(seed)); err != nil {
				err = fmt.Errorf("step %d, seed %d: %w", k, seed, err)
				r.add(err)
				continue
			}
			r.add(nil)
		}
	}
	return r, nil
}

func (s Story) lose(k int, seed uint64) error {
	m, chance := NewMem(), rand.New(rand.NewPCG(seed, uint64(k)))
	acked, err := s.run(m, func(st Step) error {
		if st.N >= k {
			return errPower
		}
		return nil
	})
	if err != nil && !errors.Is(err, errPower) {
		return err
	}
	left := m.Crash(chance)
	if err := s.check(left, acked); err != nil {
		return err
	}
	acked, err = s.run(left, nil)
	if err != nil {
		return fmt.Errorf("run again: %w", err)
	}
	if err := s.check(left.Crash(chance), acked); err != nil {
		return fmt.Errorf("after another run: %w", err)
	}
	return nil
}

// Faults lets each step of the story fail in each way (EIO, ENOSPC, a short
// write), and then the power: whatever was acknowledged by then must be there.
func (s Story) Faults() (Result, error) {
	points, err := s.points()
	if err != nil {
		return Result{}, err
	}
	r := Result{Points: points}
	for k := 1; k <= points; k++ {
		for seed, fault := range []error{syscall.EIO, syscall.ENOSPC, ErrShort} {
			m := NewMem()
			acked, _ := s.run(m, func(st Step) error { // the story's own error is not the question
				if st.N == k {
					return fault
				}
				return nil
			})
			left := m.Crash(rand.New(rand.NewPCG(uint64(seed), uint64(k))))
			if err := s.check(left, acked); err != nil {
				err = fmt.Errorf("step %d, %v: %w", k, fault, err)
				r.add(err)
				continue
			}
			r.add(nil)
		}
	}
	return r, nil
}
