// SPDX-License-Identifier: MIT
//
// What a Worker does with other green threads: children, pools, imap, resources. Included by worker.hpp.

#pragma once

#include <tendril/wait.hpp>

#include "worker.hpp"

namespace tendril::stress {

inline void Worker::wait_for_any() {
    const AsyncResult<int> result = w_.result;
    const AnyGreenlet somebody = w_.workers[chance_.below(w_.workers.size())];
    std::vector<AnyWaitable> things{AnyWaitable(result), AnyWaitable(w_.event), AnyWaitable(w_.semaphore),
                                    AnyWaitable(w_.locks[1])};
    if (!(somebody == current())) {
        things.emplace_back(somebody);
    }
    std::size_t came = 0;
    for (const AnyWaitable& each : iwait(things, w_.in(chance_.between(0, 80)))) {
        static_cast<void>(each);
        if (++came == 2) {
            break;
        }
    }
}

inline void Worker::have_children() {
    int links = 0;
    std::vector<Greenlet<int>> children;
    std::vector<Link> linked;
    const std::size_t n = 1 + chance_.below(3);
    const struct Ends {
        std::vector<Greenlet<int>>& children;
        ~Ends() {
            const Shield shield;
            kill_all(children);
        }
    } ends{children};
    for (std::size_t i = 0; i < n; ++i) {
        const auto life = [this] {
            Worker child(w_, me_ * 1000 + 1000 + ++children_);
            child.act_without_locks();
            return 7;
        };
        children.push_back(chance_.one_in(4) ? spawn_after(w_.in(chance_.between(0, 40)), life) : spawn(life));
        linked.push_back(children.back().link([&links](const AnyGreenlet&) { ++links; }));
    }
    if (chance_.one_in(3)) {
        children[0].kill_nowait();
    }
    if (chance_.one_in(3)) {
        linked.pop_back();
    }
    join_all(children, {.deadline = w_.in(chance_.between(0, 80)), .count = 1 + chance_.below(n)});
    for (const Greenlet<int>& each : children) {
        try {
            EXPECT_EQ(each.get(w_.in(chance_.between(0, 80))), 7);
        } catch (const TimeoutError&) {
        } catch (const GreenletKilled&) {
        }
    }
    EXPECT_LE(links, static_cast<int>(n));
}

inline void Worker::kill_or_join_somebody() {
    const AnyGreenlet somebody = w_.workers[chance_.below(w_.workers.size())];
    if (somebody == current()) {
        pause();
    } else if (chance_.one_in(2)) {
        static_cast<void>(somebody.join(w_.in(chance_.between(0, 40))));
    } else if (chance_.one_in(2)) {
        somebody.kill_nowait();
    } else {
        somebody.kill(w_.in(chance_.between(0, 40)));
    }
}

inline void Worker::use_pool() {
    // Jobs may outlive the green threads that spawned them.
    const auto job = [&world = w_](int n) {
        world.pause();
        return n * n;
    };
    switch (chance_.below(12)) {
    case 6:
        if (chance_.one_in(4)) {
            w_.pool.kill(w_.in(chance_.between(0, 60)));
        }
        break;
    case 0:
        w_.pool.resize(static_cast<int>(1 + chance_.below(6)));
        break;
    case 1: {
        const std::vector<int> input{1, 2, 3, 4, 5};
        int last = 0;
        const std::size_t leave = chance_.below(7);
        auto squares = w_.pool.imap({.window = static_cast<int>(1 + chance_.below(3))}, job, input);
        for (std::size_t i = 0; i < leave; ++i) {
            std::optional<int> square;
            try {
                square = squares.next();
            } catch (const GreenletKilled&) {
                ++last;
                continue;
            }
            if (!square) {
                EXPECT_EQ(last, 5);
                break;
            }
            ++last;
            EXPECT_EQ(*square, last * last);
        }
        break;
    }
    case 2:
        if (auto tried = w_.pool.try_spawn(job, 3)) {
            tried->join();
        }
        break;
    case 3:
        static_cast<void>(w_.pool.wait_available(w_.in(chance_.between(0, 60))));
        break;
    case 4:
        static_cast<void>(w_.pool
                              .spawn([&world = w_, job] {
                                  world.pause();
                                  world.pool.spawn(job, 1);  // in its own full pool, now and then
                              })
                              .join(w_.soon_or_never()));
        break;
    default:
        EXPECT_EQ(w_.pool
                      .spawn([&world = w_] {
                          world.pause();
                          return 5;
                      })
                      .get(),
                  5);
        break;
    }
}

inline void Worker::use_resource() {
    if (chance_.one_in(10)) {
        w_.resources.resize(1 + chance_.below(3));
        return;
    }
    try {
        Lease<Thing> lease = w_.resources.get(w_.soon_or_never());
        EXPECT_LE(w_.things, 3);
        pause();
        if (chance_.one_in(4)) {
            lease.discard();
        }
    } catch (const TimeoutError&) {
    } catch (const std::runtime_error&) {  // it cannot be made
    }
}

}  // namespace tendril::stress
