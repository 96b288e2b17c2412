package remote

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/units"
)

// Budget limits the bytes of a day or a month. The zero value is no limit. Its
// text is that of the flag: 500MiB/month, or nothing.
type Budget struct {
	Bytes  int64
	Period BudgetPeriod
}

// BudgetPeriod is the time that a budget is for.
type BudgetPeriod string

// Periods of a budget.
const (
	PerDay   BudgetPeriod = "day"
	PerMonth BudgetPeriod = "month"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Budget) UnmarshalText(text []byte) error {
	*b = Budget{}
	if len(text) == 0 {
		return nil
	}
	amount, period, ok := strings.Cut(string(text), "/")
	if !ok {
		return errors.New("it says no period")
	}
	bytes, err := units.ParseStrictBytes(amount)
	if err != nil {
		return fmt.Errorf("%q is not a number of bytes", amount)
	}
	given := Budget{bytes, BudgetPeriod(period)}
	if err := given.check(); err != nil {
		return err
	}
	*b = given
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (b Budget) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// String is the text of the flag, in the units that it is shorter in.
func (b Budget) String() string {
	if b == (Budget{}) {
		return ""
	}
	amount := units.Base2Bytes(b.Bytes).String()
	if metric := units.MetricBytes(b.Bytes).String(); len(metric) < len(amount) {
		amount = metric
	}
	return amount + "/" + string(b.Period)
}

func (b Budget) check() error {
	switch {
	case b == Budget{}:
		return nil
	case b.Bytes <= 0:
		return fmt.Errorf("%d bytes is out of range, want 1 byte or more, or no budget at all", b.Bytes)
	case b.Period != PerDay && b.Period != PerMonth:
		return fmt.Errorf("%q is not a period, want day or month", b.Period)
	}
	return nil
}
