package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// stands are all that take part.
type stands []*stand

func (all stands) close() {
	for _, s := range all {
		s.close()
	}
}

// each calls f for every stand, also after an error.
func (all stands) each(f func(*stand) error) error {
	var errs []error
	for _, s := range all {
		if err := f(s); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.program.name, err))
		}
	}
	return errors.Join(errs...)
}

// start starts all agents, all at once, and waits until all answer.
func (all stands) start(ctx context.Context) error {
	if err := all.each((*stand).start); err != nil {
		return err
	}
	return all.each(func(s *stand) error { return s.untilReady(ctx) })
}

// pages is the number of pages handed out so far.
func (all stands) pages() (n int) {
	for _, s := range all {
		n += s.pages()
	}
	return n
}

// pause makes all exporters hand out nothing more, and waits for the scrapes of
// the moment.
func (all stands) pause(ctx context.Context) error {
	longest := time.Duration(0)
	for _, s := range all {
		for _, e := range s.exporters {
			e.pause()
		}
		longest = max(longest, 2*s.job.interval)
	}
	return all.wait(ctx, longest)
}

// settle waits until all that was handed out has come, at most so long.
func (all stands) settle(ctx context.Context, most time.Duration) error {
	return all.until(ctx, most, all.complete)
}

// until waits until all is complete, at most so long.
func (all stands) until(ctx context.Context, most time.Duration, complete func() (bool, error)) error {
	for end := time.Now().Add(most); time.Now().Before(end); {
		done, err := complete()
		if err != nil || done {
			return err
		}
		if err := all.wait(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}

func (all stands) complete() (bool, error) {
	missing := 0
	err := all.each(func(s *stand) error {
		a, err := s.account()
		missing += a.missing
		return err
	})
	return missing == 0, err
}

// wait lets time pass while all agents run.
func (all stands) wait(ctx context.Context, d time.Duration) error {
	for end := time.Now().Add(d); ; {
		left := time.Until(end)
		if left <= 0 {
			return nil
		}
		if err := sleep(ctx, min(left, 200*time.Millisecond)); err != nil {
			return err
		}
		err := all.each(func(s *stand) error {
			if s.child == nil {
				return nil
			}
			return s.child.check()
		})
		if err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errors.New("interrupted")
	}
}
