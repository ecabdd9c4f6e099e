package house

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// What every server of the house keeps to.
const (
	idleTime    = 2 * time.Minute
	maxHeader   = 16 << 10
	closingTime = 5 * time.Second // for answers under way when the server ends
)

// serve listens until ctx ends; ready is told the address. The caller gives the
// handler and the times of reading and writing. Nothing of a connection is
// logged, so that no address is.
func serve(ctx context.Context, srv *http.Server, listen string, ready func(addr string) error) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", listen, err)
	}
	srv.IdleTimeout, srv.MaxHeaderBytes = idleTime, maxHeader
	srv.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if err := ready(l.Addr().String()); err != nil {
		return errors.Join(err, l.Close())
	}
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closingTime)
	defer cancel()
	err = srv.Shutdown(closing)
	<-ended
	return err
}
