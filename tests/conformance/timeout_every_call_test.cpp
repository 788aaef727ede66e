// SPDX-License-Identifier: MIT
//
// Conformance, behaviours.md section 3.D, row TD04, for every call that waits: its own deadline, a Timeout around it,
// and a kill inside it are told apart, and none of them leaves anything behind (which the fixture checks).
//
// And both kinds of exceptions say what they broke off.
//
// A new call is one line in `calls`: what it does with a deadline, on something that does not come about by itself.
// It answers whether the thing came about; when its own deadline passes it may as well throw TimeoutError. The calls of
// sockets, files, processes and HTTP are in timeout_texts_test.cpp.

#include <array>
#include <functional>
#include <mutex>
#include <regex>
#include <string>
#include <vector>

#include <tendril/async_result.hpp>
#include <tendril/barrier.hpp>
#include <tendril/channel.hpp>
#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/joinable_queue.hpp>
#include <tendril/latch.hpp>
#include <tendril/lock.hpp>
#include <tendril/pile.hpp>
#include <tendril/pool.hpp>
#include <tendril/queue.hpp>
#include <tendril/resource_pool.hpp>
#include <tendril/rw_lock.hpp>
#include <tendril/select.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shared_queue.hpp>
#include <tendril/shared_semaphore.hpp>
#include <tendril/task_graph.hpp>
#include <tendril/thread_pool.hpp>
#include <tendril/timeout.hpp>
#include <tendril/wait.hpp>
#include <tendril/wait_group.hpp>
#include <tendril/watchers.hpp>

#include "green_test.hpp"
#include "pipe.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

// Things that do not come about by themselves, for calls to wait for.
struct Scene {
    Greenlet<int> endless = spawn([]() -> int {
        for (;;) {
            try {
                sleep(never);
            } catch (const GreenletExit&) {
                if (over) {
                    throw;
                }
            }
        }
    });
    std::vector<AnyGreenlet> several{endless, endless};
    Event event;
    Semaphore none{0};
    Lock held;
    Lock guard;
    RLock guard_twice;
    Condition condition;
    Barrier barrier{2};
    Latch latch{1};
    WaitGroup group;
    RWLock written;
    RWLock read;
    Queue<int> empty;
    Queue<int> full{1};
    JoinableQueue<int> undone;
    JoinableLifoQueue<int> undone_stack;
    Channel<int> channel;
    AsyncResult<int> unset;
    SharedEvent shared_event;
    SharedSemaphore shared_none{0};
    SharedQueue<int> shared_empty;
    SharedQueue<int> shared_full{1};
    ThreadPool no_threads{0};
    Greenlet<void> in_queue = spawn([this] { no_threads.apply([] {}); });
    ResourcePool<int> lent{[] { return 1; }, {.max = 1}};
    Lease<int> lease = lent.get();
    ResourcePool<int> unreachable{[] { return sleep(never), 1; }};
    TaskGraph<int, int> graph;            // 1 is posted by nobody, 2 waits for it, 3 does not end
    Pool busy{1};                         // with a member that does not end
    Pile<int> crowded{1, {.window = 1}};  // the same
    testing::Pipe silent;
    testing::Pipe clogged;
    Epoll epoll;
    Io busy_hub{silent.reader.get(), IoEvents::read, [](IoEvents) {}};
    static inline thread_local bool over;

    int stay() {
        for (;;) {
            try {
                return endless.join() ? 3 : 0;
            } catch (const GreenletExit&) {
            }
        }
    }

    Scene() {
        over = false;
        clogged.fill();
        epoll.add(silent.reader, EPOLLIN, 0);
        full.put(1);
        undone.put(1);
        undone_stack.put(1);
        group.add();
        shared_full.put(1);
        graph.spawn(2, {1}, [] { return 2; });
        graph.spawn(3, {}, [this] { return stay(); });
        busy.spawn([this] { stay(); });
        crowded.spawn([this] { return stay(); });
        spawn([this] {
            held.lock();
            written.lock();
            read.lock_shared();
        }).join();  // and never unlocks
    }
    ~Scene() {
        over = true;
        endless.kill();
        in_queue.kill();
        graph.kill_all();
    }
};

struct Call {
    const char* name;
    const char* waits_in;  // as a Timeout says it that breaks it off: the call itself, or one that it is made of
    const char* late;      // what its TimeoutError begins with, a regular expression; "": it returns false, or throws
                           // what its like throws (Empty, Full)
    bool (*run)(Scene&, Deadline);
};

// For calls that throw an exception of their own when the deadline passes.
template <class Late, class F>
bool in_time(F f) {
    try {
        f();
        return true;
    } catch (const Late&) {
        return false;
    }
}

const Call calls[] = {
    {"sleep", "sleep", "", [](Scene&, Deadline d) { return sleep(d), false; }},
    {"join", "join", "", [](Scene& s, Deadline d) { return s.endless.join(d); }},
    {"get", "join", R"(get\(\) of green thread \d+)", [](Scene& s, Deadline d) { return s.endless.get(d) != 0; }},
    {"join_all", "join_all", "", [](Scene& s, Deadline d) { return join_all(s.several, {.deadline = d}) != 0; }},
    {"kill", "join", "", [](Scene& s, Deadline d) { return s.endless.kill(d); }},
    {"kill with an error", "join", "",
     [](Scene& s, Deadline d) { return s.endless.kill(std::make_exception_ptr(GreenletExit()), d); }},
    {"Event::wait", "Event::wait", "", [](Scene& s, Deadline d) { return s.event.wait(d); }},
    {"Semaphore::acquire", "Semaphore::acquire", "", [](Scene& s, Deadline d) { return s.none.acquire(d); }},
    {"Lock::acquire", "Lock::acquire", "", [](Scene& s, Deadline d) { return s.held.acquire(d); }},
    {"Condition::wait", "Condition::wait", "",
     [](Scene& s, Deadline d) {
         const std::lock_guard guard(s.guard);
         return s.condition.wait(s.guard, d);
     }},
    {"Condition::wait with an RLock", "Condition::wait", "",
     [](Scene& s, Deadline d) {
         const std::lock_guard guard(s.guard_twice);
         const std::lock_guard again(s.guard_twice);
         return s.condition.wait(s.guard_twice, d);
     }},
    {"Barrier::wait", "Barrier::wait", "", [](Scene& s, Deadline d) { return s.barrier.wait(d).has_value(); }},
    {"Latch::wait", "Latch::wait", "", [](Scene& s, Deadline d) { return s.latch.wait(d); }},
    {"WaitGroup::wait", "WaitGroup::wait", "", [](Scene& s, Deadline d) { return s.group.wait(d); }},
    {"RWLock::acquire", "RWLock::acquire", "", [](Scene& s, Deadline d) { return s.read.acquire(d); }},
    {"RWLock::acquire_shared", "RWLock::acquire_shared", "",
     [](Scene& s, Deadline d) { return s.written.acquire_shared(d); }},
    {"Queue::get", "Queue::get", "", [](Scene& s, Deadline d) { return in_time<Empty>([&] { s.empty.get(d); }); }},
    {"Queue::peek", "Queue::peek", "", [](Scene& s, Deadline d) { return in_time<Empty>([&] { s.empty.peek(d); }); }},
    {"Queue::put", "Queue::put", "", [](Scene& s, Deadline d) { return in_time<Full>([&] { s.full.put(2, d); }); }},
    {"JoinableQueue::join", "JoinableQueue::join", "", [](Scene& s, Deadline d) { return s.undone.join(d); }},
    {"JoinableLifoQueue::join", "JoinableQueue::join", "", [](Scene& s, Deadline d) { return s.undone_stack.join(d); }},
    {"Channel::get", "Channel::get", "",
     [](Scene& s, Deadline d) { return in_time<Empty>([&] { s.channel.get(d); }); }},
    {"Channel::put", "Channel::put", "",
     [](Scene& s, Deadline d) { return in_time<Full>([&] { s.channel.put(2, d); }); }},
    {"AsyncResult::get", "AsyncResult::get", R"(get\(\) of an AsyncResult)",
     [](Scene& s, Deadline d) { return s.unset.get(d) != 0; }},
    {"AsyncResult::wait", "AsyncResult::get", "", [](Scene& s, Deadline d) { return s.unset.wait(d); }},
    {"wait", "wait", "",
     [](Scene& s, Deadline d) {
         return !wait({AnyWaitable(s.event), AnyWaitable(s.unset)}, d).empty();
     }},
    {"iwait", "iwait", "",
     [](Scene& s, Deadline d) {
         auto coming = iwait(s.several, d);
         return coming.begin() != coming.end();
     }},
    {"SharedEvent::wait", "SharedEvent::wait", "", [](Scene& s, Deadline d) { return s.shared_event.wait(d); }},
    {"SharedSemaphore::acquire", "SharedSemaphore::acquire", "",
     [](Scene& s, Deadline d) { return s.shared_none.acquire(d); }},
    {"SharedQueue::get", "SharedQueue::get", "",
     [](Scene& s, Deadline d) { return in_time<Empty>([&] { s.shared_empty.get(d); }); }},
    {"SharedQueue::put", "SharedQueue::put", "",
     [](Scene& s, Deadline d) { return in_time<Full>([&] { s.shared_full.put(2, d); }); }},
    {"ThreadPool::apply", "AsyncResult::get", "ThreadPool::apply",
     [](Scene& s, Deadline d) { return s.no_threads.apply(d, [] { return true; }); }},
    {"ThreadPool::join", "ThreadPool::join", "", [](Scene& s, Deadline d) { return s.no_threads.join(d); }},
    {"ThreadPool::map", "Imap::next", "",
     [](Scene& s, Deadline d) {
         return static_cast<bool>(
             with_timeout(d, [&] { return s.no_threads.map([](int i) { return i; }, std::vector{1}); }));
     }},
    {"ResourcePool::get", "ResourcePool::get", "ResourcePool::get",
     [](Scene& s, Deadline d) { return static_cast<bool>(s.lent.get(d)); }},
    {"ResourcePool::get, making one", "sleep", "ResourcePool::get, making a resource",
     [](Scene& s, Deadline d) { return static_cast<bool>(s.unreachable.get(d)); }},
    {"TaskGraph::get", "TaskGraph::get", R"(TaskGraph: waiting for the value of task "2")",
     [](Scene& s, Deadline d) { return s.graph.get(2, d) != 0; }},
    {"TaskGraph::wait", "TaskGraph::get", R"(TaskGraph: waiting for the value of task "\d" and 1 more)",
     [](Scene& s, Deadline d) {
         return !s.graph.wait({2, 1}, d).empty();
     }},
    {"TaskGraph::wait_each", "TaskGraph::get", R"(TaskGraph: waiting for the value of task "\d" and 1 more)",
     [](Scene& s, Deadline d) { return (*s.graph.wait_each(d).begin()).second != 0; }},
    {"TaskGraph::wait_each_success", "TaskGraph::get", R"(TaskGraph: waiting for the value of task "\d" and 1 more)",
     [](Scene& s, Deadline d) { return (*s.graph.wait_each_success(d).begin()).second != 0; }},
    {"TaskGraph::wait_each_exception", "TaskGraph::get", R"(TaskGraph: waiting for the value of task "\d" and 1 more)",
     [](Scene& s, Deadline d) { return (*s.graph.wait_each_exception(d).begin()).first != 0; }},
    {"TaskGraph::kill", "join", "", [](Scene& s, Deadline d) { return s.graph.kill(3, d); }},
    {"TaskGraph::kill_all", "join_all", "", [](Scene& s, Deadline d) { return s.graph.kill_all(d); }},
    {"TaskGraph::wait_all", "TaskGraph::wait_all", "", [](Scene& s, Deadline d) { return s.graph.wait_all(d); }},
    {"Pool::spawn", "Pool::spawn", "",
     [](Scene& s, Deadline d) { return with_timeout(d, [&] { s.busy.spawn_n([] {}); }); }},
    {"Pool::add", "Pool::spawn", "", [](Scene& s, Deadline d) { return s.busy.add(s.endless, d); }},
    {"Pool::join", "Group::join", "", [](Scene& s, Deadline d) { return s.busy.join(d); }},
    {"Pool::wait_all", "Group::join", "", [](Scene& s, Deadline d) { return s.busy.wait_all(d); }},
    {"Pool::wait_available", "Pool::wait_available", "", [](Scene& s, Deadline d) { return s.busy.wait_available(d); }},
    {"Pool::kill", "Group::join", "", [](Scene& s, Deadline d) { return s.busy.kill(d); }},
    {"Pool::map", "Imap::next", "",
     [](Scene& s, Deadline d) {
         return static_cast<bool>(with_timeout(d, [&] { return s.busy.map([](int i) { return i; }, std::vector{1}); }));
     }},
    {"Imap::next", "Imap::next", "",
     [](Scene& s, Deadline d) {
         auto results = s.busy.imap_unordered([](int i) { return i; }, std::vector{1});
         return static_cast<bool>(with_timeout(d, [&] { return results.next(); }));
     }},
    {"Pile::spawn", "Semaphore::acquire", "",
     [](Scene& s, Deadline d) { return with_timeout(d, [&] { s.crowded.spawn([] { return 1; }); }); }},
    {"Pile::next", "join", "",
     [](Scene& s, Deadline d) { return static_cast<bool>(with_timeout(d, [&] { return s.crowded.next(); })); }},
    {"wait_readable", "wait_readable", R"(wait_readable of descriptor \d+)",
     [](Scene& s, Deadline d) { return wait_readable(s.silent.reader.get(), d), true; }},
    {"wait_writable", "wait_writable", R"(wait_writable of descriptor \d+)",
     [](Scene& s, Deadline d) { return wait_writable(s.clogged.writer.get(), d), true; }},
    {"select", "select", "",
     [](Scene& s, Deadline d) { return !select({s.silent.reader}, {}, {s.silent.reader}, d).readable.empty(); }},
    {"select of nothing", "select", "", [](Scene&, Deadline d) { return !select({}, {}, {}, d).readable.empty(); }},
    {"poll", "poll", "",
     [](Scene& s, Deadline d) {
         std::array fds{PollFd{s.silent.reader.get(), POLLIN, 0}};
         return poll(fds, d) != 0;
     }},
    {"Epoll::wait", "Epoll::wait", "", [](Scene& s, Deadline d) { return !s.epoll.wait(d).empty(); }},
    {"Hub::run_until_idle", "run_until_idle", "", [](Scene&, Deadline d) { return Hub::current().run_until_idle(d); }},
    {"kill_all", "join_all", "", [](Scene& s, Deadline d) { return kill_all(s.several, d) != s.several.size(); }},
};

void for_each_call(const std::function<void(const Call&, Scene&)>& check) {
    for (const Call& call : calls) {
        SCOPED_TRACE(call.name);
        const HubStats before = Hub::current().stats();
        {
            Scene scene;
            check(call, scene);
        }
        const HubStats after = Hub::current().stats();
        EXPECT_EQ(after.timers, before.timers);
        EXPECT_EQ(after.waiting_for_io, before.waiting_for_io);
        EXPECT_EQ(after.greenlets, before.greenlets);
    }
}

TENDRIL_TEST(ConformanceD, TD04_AnOuterTimeoutEscapesFromEveryCall) {
    for_each_call([](const Call& call, Scene& scene) {
        Timeout outer(1ms);
        try {
            call.run(scene, 1h);
            ADD_FAILURE() << "turned into the call's own result";
        } catch (const Timeout::Expired& e) {
            EXPECT_TRUE(outer.threw(e));
        }
    });
}

TENDRIL_TEST(ConformanceD, TD04_TheOwnDeadlineOfEveryCallIsNoExpiry) {
    for_each_call([](const Call& call, Scene& scene) {
        for (const Deadline deadline : {Deadline(1ms), Deadline(0s)}) {
            Timeout outer(1h);
            try {
                EXPECT_FALSE(call.run(scene, deadline));
            } catch (const TimeoutError&) {
            }
            EXPECT_FALSE(outer.expired());
        }
    });
}

TENDRIL_TEST(ConformanceD, TD04_AnExpiryThatIsDueAlreadyComesBeforeTheCallWaits) {
    for_each_call([](const Call& call, Scene& scene) {
        EXPECT_THROW(
            {
                Timeout outer(0s);
                call.run(scene, 1h);
            },
            Timeout::Expired);
    });
}

constexpr const char* some_time = "\\d[\\d.]* (us|ms|s)";

TENDRIL_TEST(ConformanceD, TD04_ATimeoutSaysWhereItWasMadeAndWhatItBrokeOff) {
    for_each_call([](const Call& call, Scene& scene) {
        std::string text;
        spawn({.name = "read\ner"}, [&] {
            for (auto length = 1ms;; length *= 4) {
                try {
                    Timeout outer(length);
                    call.run(scene, 1h);
                    return;
                } catch (const Timeout::Expired& e) {
                    text = e.what();
                    EXPECT_EQ(e.what(), e.what()) << "the same pointer";
                    EXPECT_STREQ(Timeout::Expired(e).what(), e.what()) << "a copy's own";
                }
                // Where this process got no processor for so long, it was due before the call, or in a yield of one
                // that had found its slice used up. With a second nothing is an excuse.
                const bool too_short = text.find("expired before") != std::string::npos ||
                                       (text.ends_with("waited in yield") && length < 1s);
                if (!too_short) {
                    return;
                }
            }
        }).join();
        const std::string expected = std::string("a Timeout of ") + some_time +
                                     " \\(timeout_every_call_test.cpp:\\d+\\) expired while green thread \\d+ "
                                     "\"read\\\\x0aer\" waited in " +
                                     call.waits_in + " for " + some_time;
        EXPECT_TRUE(std::regex_match(text, std::regex(expected))) << text << "\nis not\n" << expected;
    });
}

TENDRIL_TEST(ConformanceD, TD04_ATimeoutThatWasDueBeforeSaysSo) {
    for_each_call([](const Call& call, Scene& scene) {
        std::string text;
        try {
            Timeout outer(0s);
            call.run(scene, 1h);
        } catch (const Timeout::Expired& e) {
            text = e.what();
        }
        EXPECT_TRUE(std::regex_match(text, std::regex("a Timeout of 0 s \\(timeout_every_call_test.cpp:\\d+\\) expired "
                                                      "before green thread \\d+ \"test body\" waited in [\\w:]+")))
            << text;
    });
}

TENDRIL_TEST(ConformanceD, TD04_TheTimeoutErrorOfEveryCallSaysOfWhatAndForHowLong) {
    for_each_call([](const Call& call, Scene& scene) {
        for (const Deadline deadline : {Deadline(1ms), Deadline(0s)}) {
            std::string text;
            try {
                EXPECT_FALSE(call.run(scene, deadline));
            } catch (const TimeoutError& e) {
                text = e.what();
                EXPECT_EQ(e.what(), TimeoutError(e).what()) << "copies share it";
                EXPECT_EQ(e.code(), std::errc::timed_out);
            }
            const std::string expected =
                *call.late != 0 ? std::string(call.late) + ": timed out after " + some_time : "";
            EXPECT_TRUE(std::regex_match(text, std::regex(expected))) << text << "\nis not\n" << expected;
        }
    });
}

TENDRIL_TEST(ConformanceD, TD04_KilledInsideEveryCall) {
    for_each_call([](const Call& call, Scene& scene) {
        for (const Deadline deadline : {Deadline(1h), never}) {
            const auto victim = spawn([&] { call.run(scene, deadline); });
            yield();
            EXPECT_FALSE(victim.ready());
            EXPECT_TRUE(victim.kill());
            EXPECT_TRUE(victim.killed());
            EXPECT_FALSE(scene.endless.ready());
        }
    });
}

}  // namespace
}  // namespace tendril
