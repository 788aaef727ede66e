// SPDX-License-Identifier: MIT
//
// A program whose main green thread waits without end, in the call that the argument names, when a SIGINT comes: see
// integration/interrupt_anywhere_test.cpp. Without an argument it prints the names.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <tendril/async_result.hpp>
#include <tendril/barrier.hpp>
#include <tendril/channel.hpp>
#include <tendril/context.hpp>
#include <tendril/datagram_server.hpp>
#include <tendril/event.hpp>
#include <tendril/group.hpp>
#include <tendril/http/server.hpp>
#include <tendril/hub.hpp>
#include <tendril/joinable_queue.hpp>
#include <tendril/latch.hpp>
#include <tendril/lock.hpp>
#include <tendril/pool.hpp>
#include <tendril/process.hpp>
#include <tendril/resource_pool.hpp>
#include <tendril/rw_lock.hpp>
#include <tendril/select.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/server.hpp>
#include <tendril/shared_event.hpp>
#include <tendril/shared_queue.hpp>
#include <tendril/shield.hpp>
#include <tendril/stream_server.hpp>
#include <tendril/thread_pool.hpp>
#include <tendril/timeout.hpp>
#include <tendril/udp_socket.hpp>
#include <tendril/wait.hpp>
#include <tendril/wait_group.hpp>

using namespace tendril;
using namespace std::chrono_literals;

namespace {

struct Unwound {
    const char* who;
    ~Unwound() { std::printf("%s unwound, exceptions: %d\n", who, std::uncaught_exceptions()); }
};

struct AtTheEnd {
    ~AtTheEnd() { std::puts("static"); }
} const at_the_end;

void sleep_long() {
    sleep(1h);
}

Listener any_port() {
    return listen("127.0.0.1:0");
}

void in_a_context() {
    Context context([](std::any) -> std::any {
        const Unwound of_context{"context"};
        sleep_long();
        return {};
    });
    context.switch_to();
}

void handled_on_the_way(void (*handle)(std::exception_ptr)) {
    try {
        sleep_long();
    } catch (...) {
        handle(std::current_exception());
        throw;
    }
}

void tries() try { sleep_long(); } catch (const Interrupt&) {
    throw;
}

void hold(Lock& lock) {
    spawn_n([&lock] {
        lock.acquire();
        sleep_long();
    });
    yield();
}

const std::map<std::string, std::function<void()>, std::less<>> waits{
    {"sleep", sleep_long},
    {"yield",
     [] {
         for (;;) {
             yield();
         }
     }},
    {"join", [] { spawn(sleep_long).join(); }},
    {"get", [] { spawn(sleep_long).get(); }},
    {"join_all",
     [] {
         join_all(std::vector{spawn(sleep_long), spawn(sleep_long)});
     }},
    {"Event", [] { Event().wait(); }},
    {"AsyncResult", [] { AsyncResult<int>().get(); }},
    {"Queue::get", [] { Queue<int>().get(); }},
    {"Queue::put",
     [] {
         Queue<int> queue(1);
         queue.put(1);
         queue.put(2);
     }},
    {"JoinableQueue",
     [] {
         JoinableQueue<int> queue;
         queue.put(1);
         queue.join();
     }},
    {"Channel", [] { Channel<int>().get(); }},
    {"Semaphore", [] { Semaphore(0).acquire(); }},
    {"Lock",
     [] {
         static Lock lock;
         hold(lock);
         lock.acquire();
     }},
    {"Condition with an RLock",
     [] {
         RLock lock;
         Condition condition;
         const std::lock_guard guard(lock);
         const std::lock_guard again(lock);
         condition.wait(lock);
     }},
    {"RWLock",
     [] {
         RWLock lock;
         lock.lock_shared();
         lock.lock();
     }},
    {"Barrier", [] { Barrier(2).wait(); }},
    {"Latch", [] { Latch(1).wait(); }},
    {"WaitGroup",
     [] {
         WaitGroup group;
         group.add();
         group.wait();
     }},
    {"SharedEvent", [] { SharedEvent().wait(); }},
    {"SharedQueue", [] { SharedQueue<int>().get(); }},
    {"ResourcePool",
     [] {
         ResourcePool<int> pool([] { return 1; }, {.max = 1});
         const auto first = pool.get();
         const auto second = pool.get();
     }},
    {"wait",
     [] {
         Event event;
         wait({AnyWaitable(event)});
     }},
    {"Group::join",
     [] {
         Group group;
         group.spawn(sleep_long);
         group.join();
     }},
    {"~Group, while it unwinds",
     [] {
         Group group;
         group.spawn([] {
             const Unwound of_member{"member"};
             sleep_long();
         });
         sleep_long();
     }},
    {"Pool::spawn",
     [] {
         Pool pool(1);
         pool.spawn(sleep_long);
         pool.spawn(sleep_long);
     }},
    {"imap",
     [] {
         Pool pool(1);
         for (const int i : pool.imap(
                  [](int n) {
                      sleep_long();
                      return n;
                  },
                  std::vector{1, 2})) {
             std::printf("%d\n", i);
         }
     }},
    {"offload",
     [] {
         for (;;) {
             offload([] {});
         }
     }},
    {"run_until_idle", [] { Hub::current().run_until_idle(); }},
    {"recv",
     [] {
         auto [a, b] = TcpSocket::pair();
         char c = 0;
         a.recv({&c, 1});
     }},
    {"send_all",
     [] {
         auto [a, b] = TcpSocket::pair();
         a.send_all(std::string(10'000'000, 'x'));
     }},
    {"accept", [] { any_port().accept(); }},
    {"UdpSocket",
     [] {
         auto socket = UdpSocket::bound("127.0.0.1:0");
         char c = 0;
         socket.recv({&c, 1});
     }},
    {"select",
     [] {
         auto [a, b] = TcpSocket::pair();
         select({a}, {}, {});
     }},
    {"serve", [] { serve(any_port(), [](TcpSocket&) {}); }},
    {"serve, two hubs", [] { serve(any_port(), [](TcpSocket&) {}, {.hubs = 2}); }},
    {"http::serve", [] { http::serve(any_port(), [](http::Request&, http::Response&) {}); }},
    {"StreamServer", [] { StreamServer(any_port(), [](TcpSocket&) {}).serve_forever(); }},
    {"http::Server", [] { http::Server(any_port(), [](http::Request&, http::Response&) {}).serve_forever(); }},
    {"DatagramServer", [] { DatagramServer(UdpSocket::bound("127.0.0.1:0"), [](auto&&...) {}).serve_forever(); }},
    {"Popen",
     [] {
         Popen child({"sleep", "1000"});
         struct Killed {
             Popen& child;
             ~Killed() { child.kill(); }
         } const killed{child};
         child.wait();
     }},
    {"context", in_a_context},
    {"Timeout",
     [] {
         const Timeout timeout(1h);
         sleep_long();
     }},
    {"Shield, which it waits for",
     [] {
         {
             const Shield shield;
             sleep(5ms);
         }
         sleep_long();
     }},
    {"catch and throw", [] { handled_on_the_way([](std::exception_ptr) {}); }},
    {"catch and rethrow_exception",
     [] { handled_on_the_way([](std::exception_ptr e) { std::rethrow_exception(std::move(e)); }); }},
    {"catch std::exception",
     [] {
         try {
             sleep_long();
         } catch (const std::exception&) {
             std::puts("caught");
         }
     }},
    {"function-try-block", tries},
    {"inside a handler",
     [] {
         try {
             throw 1;
         } catch (int) {
             sleep_long();
         }
     }},
};

// Where the first SIGINT must wait.
const std::map<std::string, std::function<void()>, std::less<>> waits_for_two{
    {"a destructor under a Shield",
     [] {
         Group group;
         group.spawn(sleep_long);
     }},
    {"a destructor that waits while it unwinds",
     [] {
         struct Waits {
             ~Waits() { sleep_long(); }
         } const waits_then;
         sleep_long();
     }},
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        for (const auto& [name, wait] : waits) {
            std::puts(name.c_str());
        }
        std::fflush(stdout);
        std::_Exit(0);
    }
    spawn_n(sleep_long);
    const Unwound of_main{"main"};
    std::puts("ready");
    std::fflush(stdout);
    const auto found = waits.find(std::string_view(argv[1]));
    (found != waits.end() ? found : waits_for_two.find(std::string_view(argv[1])))->second();
    return 1;
}
