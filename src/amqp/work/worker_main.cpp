// SPDX-License-Identifier: MIT

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <tendril/amqp/worker.hpp>
#include <tendril/event.hpp>
#include <tendril/group.hpp>
#include <tendril/signal.hpp>
#include <tendril/worker_processes.hpp>

#include "amqp/work/task_message.hpp"
#include "amqp/work/worker_arguments.hpp"
#include "amqp/work/worker_hubs.hpp"
#include "base/signals_blocked.hpp"
#include "base/sys.hpp"

namespace tendril::amqp {

namespace {

using namespace std::chrono_literals;
using detail::WorkerArguments;
using detail::WorkerStop;

std::optional<std::string> variable(const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before there are other OS threads
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

ClientOptions client_options() {
    return {.name = "tendril worker", .on_event = [](const ClientEvent& event) {
                if (!event.text.empty()) {
                    std::fprintf(stderr, "worker: %s\n", event.text.c_str());
                }
            }};
}

void check_broker(const WorkerArguments& arguments) {
    Client client(Url(arguments.url), client_options());
    client.declare(detail::task_topology(arguments.queue, arguments.options.queue), 30s);
    client.close(5s);
}

// Runs tasks in this hub until it is told to stop.
void work(const WorkerArguments& arguments, const std::vector<AnyTask>& tasks, WorkerStop& stop) {
    Client client(Url(arguments.url), client_options());
    WorkerOptions options = arguments.options;
    options.on_blocked = [] {
        std::fprintf(stderr, "worker: the broker has taken no messages for a minute, so tasks that end are not "
                             "acked; it is low on memory or disk\n");
    };
    Worker worker(client, arguments.queue, tasks, options);
    Group group;
    group.spawn({.daemon = true}, [&] { stop.follow(worker); });
    worker.run();
    group.kill();
    client.close(5s);
}

// The whole of a process, until a signal, or the event if there is one.
void work_in_hubs(const WorkerArguments& arguments, const std::vector<AnyTask>& tasks, Event* event) {
    WorkerStop stop;
    const unsigned hubs = arguments.hubs != 0 ? arguments.hubs : sys::processors();
    const auto run = [&] { detail::in_hubs(hubs, stop, [&] { work(arguments, tasks, stop); }); };
    if (event != nullptr) {
        Group group;
        group.spawn({.daemon = true}, [&] {
            event->wait();
            stop.ask();
        });
        run();
        group.kill();
    } else {
        const auto quit = [&stop] { stop.ask(); };
        std::optional<Signal> on_term;
        {
            // What it is given back to: a third one, while the process ends, must not change how it ends. One that
            // comes in between waits for the handler.
            const tendril::detail::SignalsBlocked blocked;
            struct sigaction ignored {};
            ignored.sa_handler = SIG_IGN;
            sys::sigaction(SIGTERM, &ignored, nullptr);
            on_term.emplace(on_signal(SIGTERM, quit));
        }
        const Signal on_int = on_signal(SIGINT, quit);
        run();
    }
}

void run(const WorkerArguments& arguments, const std::vector<AnyTask>& tasks) {
    if (arguments.processes == 1) {
        work_in_hubs(arguments, tasks, nullptr);
        return;
    }
    WorkerProcesses processes(
        [&](Event& stop) { work_in_hubs(arguments, tasks, &stop); },
        {.processes = arguments.processes, .drain = std::chrono::nanoseconds(arguments.options.drain) + 10s});
    processes.run();
}

}  // namespace

int worker_main(int argc, char** argv, const std::vector<AnyTask>& tasks) {
    WorkerArguments arguments;
    try {
        arguments = detail::parse_worker_arguments({argv + 1, argv + argc}, variable);
    } catch (const std::invalid_argument& e) {
        std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
        return 2;
    }
    try {
        switch (arguments.what) {
        case WorkerArguments::What::help:
            std::fputs(detail::worker_help(argv[0]).c_str(), stdout);
            return 0;
        case WorkerArguments::What::list:
            for (const AnyTask& task : tasks) {
                std::printf("%s\n", task.name().c_str());
            }
            return 0;
        case WorkerArguments::What::check:
            check_broker(arguments);
            return 0;
        case WorkerArguments::What::run:
            run(arguments, tasks);
            return 0;
        }
    } catch (const std::exception& e) {
        std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
    }
    return 1;
}

}  // namespace tendril::amqp
