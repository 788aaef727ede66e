// SPDX-License-Identifier: MIT

#include "amqp/work/worker_arguments.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <stdexcept>

#include <tendril/amqp/url.hpp>

namespace tendril::amqp::detail {

namespace {

// A number with an upper bound, and perhaps a unit.
std::uint64_t number(std::string_view option, std::string_view text, std::uint64_t least, std::uint64_t most) {
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end != text.data() + text.size() || n < least || n > most) {
        throw std::invalid_argument(std::string(option) + ": a number from " + std::to_string(least) + " to " +
                                    std::to_string(most) + ", not '" + std::string(text) + "'");
    }
    return n;
}

std::chrono::seconds seconds(std::string_view option, std::string_view text) {
    const bool minutes = text.ends_with('m');
    if (minutes || text.ends_with('s')) {
        text.remove_suffix(1);
    }
    return std::chrono::seconds(number(option, text, 0, 86'400) * (minutes ? 60 : 1));
}

struct Option {
    std::string_view name;
    const char* variable;
    std::string_view help;
    void (*set)(WorkerArguments& arguments, std::string_view name, std::string_view value);
};

constexpr std::array known_options{
    Option{"--url", "TENDRIL_WORKER_URL",
           "the broker; amqp://localhost by default. Better in the environment: it may "
           "hold a password",
           [](WorkerArguments& a, std::string_view, std::string_view value) {
               static_cast<void>(Url(value));  // refuse it now
               a.url = value;
           }},
    Option{"--queue", "TENDRIL_WORKER_QUEUE", "the name that Pools have; must be given",
           [](WorkerArguments& a, std::string_view, std::string_view value) { a.queue = value; }},
    Option{"--concurrency", "TENDRIL_WORKER_CONCURRENCY", "tasks at once in each hub; 100 by default",
           [](WorkerArguments& a, std::string_view name, std::string_view value) {
               a.options.concurrency = static_cast<std::uint16_t>(number(name, value, 1, UINT16_MAX));
           }},
    Option{"--processes", "TENDRIL_WORKER_PROCESSES", "1 by default; 0: one for each processor",
           [](WorkerArguments& a, std::string_view name, std::string_view value) {
               a.processes = static_cast<unsigned>(number(name, value, 0, 1024));
           }},
    Option{"--hubs", "TENDRIL_WORKER_HUBS",
           "hubs in each process, each in an OS thread of its own, with a connection of its own; 1 by default, 0: one "
           "for each processor. Tasks must allow to be called by several OS threads",
           [](WorkerArguments& a, std::string_view name, std::string_view value) {
               a.hubs = static_cast<unsigned>(number(name, value, 0, 1024));
           }},
    Option{"--drain", "TENDRIL_WORKER_DRAIN", "how long tasks may go on after SIGTERM: 30s by default, or 5m",
           [](WorkerArguments& a, std::string_view name, std::string_view value) {
               a.options.drain = seconds(name, value);
           }},
    Option{"--capacity", "TENDRIL_WORKER_CAPACITY", "of the queue, as the Pools say; 100000 by default, 0: no bound",
           [](WorkerArguments& a, std::string_view name, std::string_view value) {
               a.options.queue.capacity = static_cast<std::uint32_t>(number(name, value, 0, UINT32_MAX));
           }},
    Option{"--deliveries", "TENDRIL_WORKER_DELIVERIES", "how often a task may be begun, as the Pools say; 5 by default",
           [](WorkerArguments& a, std::string_view name, std::string_view value) {
               a.options.queue.deliveries = static_cast<std::uint32_t>(number(name, value, 1, UINT32_MAX));
           }},
};

const Option& find(std::string_view name) {
    for (const Option& option : known_options) {
        if (option.name == name) {
            return option;
        }
    }
    throw std::invalid_argument("'" + std::string(name) + "' is not an option; --help lists them");
}

}  // namespace

WorkerArguments parse_worker_arguments(const std::vector<std::string_view>& arguments,
                                       const std::function<std::optional<std::string>(const char*)>& variable) {
    WorkerArguments parsed;
    for (const Option& option : known_options) {
        if (const std::optional<std::string> value = variable(option.variable)) {
            option.set(parsed, option.variable, *value);
        }
    }
    for (auto at = arguments.begin(); at != arguments.end(); ++at) {
        if (*at == "--list" || *at == "--check" || *at == "--help" || *at == "-h") {
            parsed.what = *at == "--list"    ? WorkerArguments::What::list
                          : *at == "--check" ? WorkerArguments::What::check
                                             : WorkerArguments::What::help;
            continue;
        }
        if (*at == "--once") {
            parsed.options.once = true;
            continue;
        }
        const std::size_t equals = at->find('=');
        const Option& option = find(at->substr(0, equals));
        if (equals != std::string_view::npos) {
            option.set(parsed, option.name, at->substr(equals + 1));
        } else if (++at != arguments.end()) {
            option.set(parsed, option.name, *at);
        } else {
            throw std::invalid_argument(std::string(option.name) + ": its value is missing");
        }
    }
    if (parsed.queue.empty() &&
        (parsed.what == WorkerArguments::What::run || parsed.what == WorkerArguments::What::check)) {
        throw std::invalid_argument("--queue must be given: the name that the Pools have; --help lists all options");
    }
    if (parsed.options.once && parsed.processes != 1) {
        throw std::invalid_argument("--once: with one process only, as those that end are started again");
    }
    return parsed;
}

std::string worker_help(std::string_view program) {
    std::string text = "usage: " + std::string(program) + " --queue name [options]\n\n";
    const auto line = [&text](std::string_view name, std::string_view help) {
        text += "  ";
        text += name;
        text.append(name.size() < 16 ? 16 - name.size() : 1, ' ');
        text += help;
        text += '\n';
    };
    for (const Option& option : known_options) {
        line(option.name, std::string(option.help) + " (" + option.variable + ")");
    }
    line("--once", "ends when the queue is empty and its tasks have ended");
    line("--list", "prints the names of the tasks");
    line("--check", "connects, declares the queues, and ends");
    line("--help", "prints this");
    text += "\nSIGTERM and SIGINT: ends when its tasks have ended; a second one: at once. Status 0: it has drained,\n"
            "1: an error, 2: wrong options.\n";
    return text;
}

}  // namespace tendril::amqp::detail
