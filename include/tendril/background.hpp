// SPDX-License-Identifier: MIT
// Floor: hub
//
// Background: what a green thread waits for while this lives hides neither LoopExit nor idle, as libev's ev_unref() and
// gevent's ref = False. For a periodic sleeper, a metrics server, a connection that is kept open just in case:
//
//     void report_load() {
//         const tendril::Background background;   // or spawn({.daemon = true}, report_load)
//         for (;;) {
//             tendril::sleep(10s);
//             ...
//         }
//     }
//
// A hub in which only such waits are left has nothing to wait for: main's wait throws LoopExit, and run_until_idle()
// returns. The waits still end as they would, as long as something else keeps the hub waiting. It holds for all kinds
// of waits: sleeps, sockets, processes, names, other OS threads; and for Timeouts that begin meanwhile.
//
// A green thread that is spawned in the background stays there for its whole life, as a daemon of Python's threading
// does. A kill ends the background: the waits of the unwinding count, because the killer waits for them, and so does
// one behind a Shield that the kill must wait for.

#pragma once

namespace tendril {

namespace detail {
struct Fiber;
}

class Background {
public:
    // Begins for the running green thread. Throws: as Hub::current().
    Background();
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;
    ~Background();  // on the same green thread; the outermost one ends it

private:
    detail::Fiber* fiber_;
    bool before_;
};

}  // namespace tendril
