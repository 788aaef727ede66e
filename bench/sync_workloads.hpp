// SPDX-License-Identifier: MIT
//
// The work on objects that green threads share, written once for every C++ system, as workloads.hpp is;
// peers/go/sync.go repeats it in Go. Besides the System described there, each workload takes a type that the system's
// program makes from what the system has:
//
//     Pipe     void put(int);  int get()             both wait
//     Permits  void acquire(); void release()        none free at the start; acquire() waits
//     Signal   void wait();    void broadcast()      wakes all that wait now, and none that comes later

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "measure.hpp"

namespace bench {

// Per operation: a round trip. An int goes there through one pipe and comes back, one larger, through another.
//
// With `same_code` both green threads run one function, as the two ends of a relay or the workers of a server do; else
// each has a function of its own. The processor distinguishes them: a return that leads to code other than it expects
// costs a dozen nanoseconds.
template <class Pipe, bool same_code, class System>
void ping_pong(System& system, const char* name) {
    measure(System::identity, name, 1, [&](std::uint64_t n) {
        Pipe there;
        Pipe back;
        int value = 0;
        const Elapsed start = now();
        const auto player = [n, &value](Pipe& from, Pipe& to, bool first) {
            return [n, &value, &from, &to, first] {
                if (first) {
                    to.put(0);
                }
                for (std::uint64_t lap = 0; lap < n; ++lap) {
                    const int came = from.get() + 1;
                    if (first && lap + 1 == n) {
                        value = came / 2;
                    } else {
                        to.put(came);
                    }
                }
            };
        };
        const auto ping = [&there, &back, &value, n] {
            for (std::uint64_t lap = 0; lap < n; ++lap) {
                there.put(value);
                value = back.get();
            }
        };
        const auto pong = [&there, &back, n] {
            for (std::uint64_t lap = 0; lap < n; ++lap) {
                back.put(there.get() + 1);
            }
        };
        if constexpr (same_code) {
            auto first = system.spawn(player(back, there, true));
            auto second = system.spawn(player(there, back, false));
            first.join();
            second.join();
        } else {
            auto first = system.spawn(ping);
            auto second = system.spawn(pong);
            first.join();
            second.join();
        }
        const Elapsed took = now() - start;
        require_done(name, static_cast<std::uint64_t>(value), n);
        return took;
    });
}

// Per operation: a permit released by one green thread and taken by the other, which waits for it: two to a lap.
template <class Permits, class System>
void hand_to_and_fro(System& system, const char* name) {
    measure(System::identity, name, 2, [&](std::uint64_t n) {
        Permits mine;
        Permits yours;
        std::uint64_t taken = 0;
        const Elapsed start = now();
        auto first = system.spawn([&mine, &yours, &taken, n] {
            for (std::uint64_t lap = 0; lap < n / 2; ++lap) {
                yours.release();
                mine.acquire();
                ++taken;
            }
        });
        auto second = system.spawn([&mine, &yours, &taken, n] {
            for (std::uint64_t lap = 0; lap < n / 2; ++lap) {
                yours.acquire();
                ++taken;
                mine.release();
            }
        });
        first.join();
        second.join();
        const Elapsed took = now() - start;
        require_done(name, taken, n);
        return took;
    });
}

// Per operation: one of `waiters` green threads woken by a broadcast, and waiting again for the next. Starting and
// ending them does not count.
template <class Signal, class System>
void broadcast_to(System& system, std::size_t waiters, const char* name) {
    using Handle = decltype(system.spawn([] {}));
    measure(System::identity, name, waiters, [&](std::uint64_t n) {
        Signal signal;
        std::size_t waiting = 0;
        std::uint64_t woken = 0;
        bool over = false;
        const auto wait_for_all = [&system, &waiting, waiters] {
            while (waiting < waiters) {
                system.yield();
            }
        };
        std::vector<Handle> handles;
        handles.reserve(waiters);
        for (std::size_t i = 0; i < waiters; ++i) {
            handles.push_back(system.spawn([&signal, &waiting, &woken, &over] {
                for (;;) {
                    ++waiting;
                    signal.wait();
                    if (over) {
                        return;
                    }
                    ++woken;
                }
            }));
        }
        wait_for_all();
        const Elapsed start = now();
        for (std::uint64_t round = 0; round < n / waiters; ++round) {
            waiting = 0;
            signal.broadcast();
            wait_for_all();
        }
        const Elapsed took = now() - start;
        over = true;
        signal.broadcast();
        for (Handle& handle : handles) {
            handle.join();
        }
        require_done(name, woken, n);
        return took;
    });
}

}  // namespace bench
