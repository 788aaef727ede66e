// SPDX-License-Identifier: MIT
//
// The five tutorials that this project answers to (docs/names/seeds.md): each name that they print, in programs such as
// theirs. A comment gives the tutorial's spelling where ours is another one.

#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <tendril/async_result.hpp>
#include <tendril/context.hpp>
#include <tendril/event.hpp>
#include <tendril/fork.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/wsgi.hpp>
#include <tendril/hub.hpp>
#include <tendril/joinable_queue.hpp>
#include <tendril/local.hpp>
#include <tendril/pile.hpp>
#include <tendril/pool.hpp>
#include <tendril/process.hpp>
#include <tendril/queue.hpp>
#include <tendril/select.hpp>
#include <tendril/semaphore.hpp>
#include <tendril/server.hpp>
#include <tendril/socket.hpp>
#include <tendril/stream_server.hpp>
#include <tendril/timeout.hpp>
#include <tendril/tls.hpp>
#include <tendril/watchers.hpp>

#include "certificates.hpp"
#include "green_test.hpp"

using namespace std::chrono_literals;

namespace tendril {
namespace {

std::string echoed(Stream& client, std::string_view text) {
    client.send_all(text);  // sendall
    std::string answer(text.size(), '\0');
    for (std::size_t got = 0; got < answer.size();) {
        const std::size_t n = client.recv(Buffer(answer.data() + got, answer.size() - got));
        if (n == 0) {
            break;
        }
        got += n;
    }
    return answer;
}

void echo(Stream& client) {
    std::array<char, 1024> data{};
    while (const std::size_t n = client.recv(data)) {
        client.send_all({data.data(), n});
    }
}

// eventlet: spawn, spawn_n, spawn_after, sleep, GreenThread, GreenPool, GreenPile, Queue, Timeout, connect, listen,
// serve, StopServe, wrap_ssl.
TENDRIL_TEST(SeedNames, Eventlet) {
    const Greenlet<int> thread = spawn([](int a, int b) { return a + b; }, 1, 2);  // GreenThread
    int ran = 0;
    spawn_n([&](int by) { ran += by; }, 1);
    const auto later = spawn_after(1ms, [] { return 3; });
    sleep(0s);
    EXPECT_EQ(thread.get(), 3);  // wait
    EXPECT_EQ(later.get(), 3);
    EXPECT_EQ(ran, 1);

    Pool pool(10);  // GreenPool
    pool.spawn([] {});
    pool.spawn_n([] {});
    EXPECT_EQ(pool.running(), 2U);
    EXPECT_EQ(pool.free(), 8);
    EXPECT_EQ(pool.waiting(), 0U);
    pool.resize(20);
    pool.wait_all();  // waitall
    int sum = 0;
    for (const int each : pool.imap([](int a, int b) { return a * b; }, std::vector{1, 2}, std::vector{3, 4})) {
        sum += each;
    }
    for (const int each : pool.starmap([](int a, int b) { return a * b; }, std::vector{std::tuple(5, 6)})) {
        sum += each;
    }
    EXPECT_EQ(sum, 3 + 8 + 30);

    Pile<int> pile(pool);  // GreenPile
    pile.spawn([] { return 1; });
    pile.spawn([] { return 2; });
    std::vector<int> results;
    while (const auto next = pile.next()) {  // StopIteration: nothing
        results.push_back(*next);
    }
    EXPECT_EQ(results, (std::vector{1, 2}));

    JoinableQueue<int> queue;  // Queue, with task_done and join
    LifoQueue<int> last_first;
    PriorityQueue<int> least_first;
    EXPECT_EQ(queue.putting() + queue.getting(), 0U);
    queue.put(1);
    EXPECT_EQ(queue.get(), 1);
    queue.task_done();
    queue.join();

    EXPECT_THROW(
        {
            const Timeout timeout(1ms);
            sleep(1h);
        },
        Timeout::Expired);
}

TENDRIL_TEST(SeedNames, EventletServers) {
    Listener listener = listen("127.0.0.1:0", {.backlog = 50});
    const Address at = listener.address();
    const auto server = spawn([&] {
        serve(listener,
              [](TcpSocket& client, const Address&) {  // handle(client_sock, client_addr)
                  echo(client);
                  throw StopServe();
              },
              {.concurrency = 1000});
    });
    TcpSocket client = connect(at);
    EXPECT_EQ(echoed(client, "hello"), "hello");
    client.close();
    server.join();

    // The loop of one's own: accept, and a pool of 10,000.
    Listener own = listen("127.0.0.1:0");
    Pool pool(10'000);
    const auto loop = spawn([&] {
        for (;;) {
            pool.spawn_n([](TcpSocket each) { echo(each); }, own.accept());
        }
    });
    TcpSocket other = connect(own.address());
    EXPECT_EQ(echoed(other, "x"), "x");
    other.close();
    loop.kill();

    const testing::TemporaryFile identity(testing::server_identity().certificate + testing::server_identity().key);
    const testing::TemporaryFile trusted(testing::authority().certificate());
    const TlsOptions as_server{.server_side = true, .certificate = identity.path()};
    TlsListener secure = wrap_ssl(listen("127.0.0.1:0"), as_server);  // wrap_ssl(listen(addr), server_side=True)
    const auto secure_server = spawn([&] {
        TlsSocket each = secure.accept();
        echo(each);
    });
    TlsSocket secure_client =  // wrap_ssl(connect(addr))
        wrap_ssl(connect(secure.address()), TlsOptions{.ca_file = trusted.path()}, {.server_name = "localhost"});
    EXPECT_EQ(echoed(secure_client, "secret"), "secret");
    secure_client.close();
    secure_server.join();
}

// wsgi.server with its parameters, and urllib2.urlopen.
TENDRIL_TEST(SeedNames, EventletWsgi) {
    Listener listener = listen("127.0.0.1:0");
    const std::string url = "http://127.0.0.1:" + std::to_string(listener.address().port()) + "/";
    Pool custom_pool(10);
    std::vector<std::string> log;
    http::ServerOptions options;
    options.environment = {{"tutorial", "yes"}};          // environ
    options.connections.concurrency = 1024;               // max_size
    options.connections.pool = &custom_pool;              // custom_pool
    options.max_version = http::Version::http_1_1;        // max_http_version
    options.write_coalesce = 0;                           // minimum_chunk_size
    options.keep_alive = true;                            // keepalive
    options.max_request_line = 8192;                      // url_length_limit
    options.expose_errors = true;                         // debug
    options.header_timeout = options.write_timeout = 5s;  // socket_timeout
    options.capitalize_headers = true;                    // capitalize_response_headers
    options.access_log =                                  // log, log_output, log_format
        http::AccessLog([&](std::string_view line) { log.emplace_back(line); }, "{request_line} {status_code}");
    const auto server = spawn([&] {
        http::wsgi::server(
            listener,
            [](const http::wsgi::Environ& environ, http::wsgi::StartResponse& start_response) {
                start_response("200 OK", {{"Content-Type", "text/html"}});
                return "Hello " + std::string(environ["REMOTE_ADDR"]) + std::string(environ["tutorial"]);
            },
            options);
    });
    Pool pool;
    for (const std::string& body : pool.imap([](const std::string& each) { return http::get(each).text(); },  // urlopen
                                             std::vector<std::string>{url, url})) {
        EXPECT_EQ(body, "Hello 127.0.0.1yes");
    }
    server.kill();
    EXPECT_EQ(log.size(), 2U);
}

// gevent: AsyncResult, joinall, Queue, Empty, Group, Pool, BoundedSemaphore, local, getcurrent, subprocess.
TENDRIL_TEST(SeedNames, Gevent) {
    AsyncResult<int> a;
    const auto setter = spawn([&] {
        sleep(1ms);
        a.set(1);
    });
    const auto waiter = spawn([&] { return a.get(); });
    EXPECT_EQ(join_all({setter, waiter}), 2U);  // joinall

    Queue<int> tasks(3);  // maxsize = 3
    int done = 0;
    const auto worker = [&] {
        try {
            for (;;) {
                tasks.get(5ms);  // get(timeout = 1)
                ++done;
            }
        } catch (const Empty&) {
        }
    };
    const auto boss = spawn([&] {
        for (int i = 1; i < 10; ++i) {
            tasks.put(i);
        }
    });
    join_all({spawn(worker), spawn(worker), boss});
    EXPECT_EQ(done, 9);
    EXPECT_TRUE(tasks.empty());
    tasks.put_nowait(1);
    EXPECT_EQ(tasks.get_nowait(), 1);

    Group group;
    group.add(spawn([] {}));
    group.join();
    EXPECT_EQ(group.map([&](int) { return group.size(); }, std::vector{0, 1, 2}).front(), 3U);  // len(group)
    std::vector<int> unordered;
    for (const int each : group.imap_unordered(
             [](int n) {
                 sleep(std::chrono::milliseconds(5 * (2 - n)));
                 return n;
             },
             std::vector{0, 1, 2})) {
        unordered.push_back(each);
    }
    EXPECT_EQ(unordered.size(), 3U);
    EXPECT_NE(spawn([] { return current().id(); }).get(), current().id());  // id(getcurrent())

    BoundedSemaphore semaphore(2);
    semaphore.acquire();
    semaphore.release();
    {
        const std::unique_lock with(semaphore);  // with sem:
    }

    Local<int> stash;  // local
    const auto f1 = spawn([&] {
        stash = 1;
        return *stash;
    });
    const auto f2 = spawn([&] { return stash.has_value(); });  // AttributeError
    EXPECT_EQ(f1.get(), 1);
    EXPECT_FALSE(f2.get());

    const auto cron = spawn([] {
        for (;;) {
            sleep(1ms);
        }
    });
    Popen sub(shell("sleep 0; uname"), {.out = PIPE});  // Popen([...], stdout=PIPE, shell=True)
    EXPECT_EQ(sub.communicate().out, "Linux\n");
    cron.kill();
    EXPECT_TRUE(cron.killed());  // GreenletExit
}

// greenlet's switch, select and epoll, the hub's own wait, fork, and libev's events.
TENDRIL_TEST(SeedNames, WhatLiesBelow) {
    std::string order;
    ContextRef gr2;
    Context gr1([&](std::any) {  // greenlet(test1)
        order += "12 ";
        gr2.switch_to();  // gr2.switch()
        order += "34 ";
        return std::any();
    });
    Context second([&](std::any) {
        order += "56 ";
        gr1.switch_to();
        order += "78 ";
        return std::any();
    });
    gr2 = second;
    gr1.switch_to();
    EXPECT_EQ(order, "12 56 34 ");

    Listener listener = listen("127.0.0.1:0");
    TcpSocket client = connect(listener.address());
    const auto [readable, writable, exceptional] = select({listener}, {client}, {listener}, 1s);
    EXPECT_EQ(readable.size() + writable.size(), 2U);
    EXPECT_TRUE(exceptional.empty());
    Epoll epoll;                           // select.epoll()
    epoll.add(listener, EPOLLIN, 1);       // register
    EXPECT_EQ(epoll.wait(1s).size(), 1U);  // poll
    epoll.modify(listener, 0, 1);
    epoll.remove(listener);  // unregister
    TcpSocket served = listener.accept();
    served.send_all("x");
    wait_readable(client.fd());            // trampoline(fd, read=True), wait_read
    wait_writable(client.fd());            // wait_write
    client.set(option::keep_alive, true);  // setsockopt
    client.shutdown(Shutdown::both);

    EXPECT_NE(Hub::current().backend(), nullptr);           // the hub
    const auto later = spawn_after(1ms, [] { return 1; });  // spawn_later
    const pid_t pid = fork();  // os.fork: the child has only the green thread that called it
    if (pid == 0) {
        ::_exit(0);
    }
    EXPECT_EQ(wait_pid(pid), 0);
    EXPECT_EQ(later.get(), 1);

    bool ran = false;
    const Timer timer(0s, [&] { ran = true; });  // real time timers; wall clock: Periodic
    const Periodic wall(std::chrono::system_clock::now() + 1h, 1h, [] {});
    const Signal signal(SIGUSR2, [](int) {});
    const Idle idle([] {});
    const Check check([] {});
    const Prepare prepare([] {});
    const Io io(served.fd(), IoEvents::read, [](IoEvents) {});
    while (!ran) {
        sleep(1ms);
    }
    EXPECT_EQ(set_switch_observer(nullptr), nullptr);  // settrace
}

}  // namespace
}  // namespace tendril
