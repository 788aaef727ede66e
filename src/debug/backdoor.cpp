// SPDX-License-Identifier: MIT

#include <tendril/debug/backdoor.hpp>

#include <sys/socket.h>

#include <charconv>
#include <map>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <tendril/dump.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/hub.hpp>
#include <tendril/server.hpp>
#include <tendril/shield.hpp>

#include "base/on_exit.hpp"
#include "base/report.hpp"
#include "base/sys.hpp"
#include "hub/here.hpp"
#include "hub/waiter.hpp"

namespace tendril::debug {

namespace {

using namespace std::chrono_literals;
using detail::Fiber;

constexpr std::size_t longest_line = 4096;
constexpr auto answer_deadline = 10s;  // for a client that does not read

struct Entry {
    std::string help;
    Backdoor::Command run;
};

Fiber& green_thread(std::string_view number) {
    std::uint64_t id = 0;
    const auto [stop, error] = std::from_chars(number.data(), number.data() + number.size(), id);
    if (error != std::errc() || stop != number.data() + number.size()) {
        throw std::invalid_argument("\"" + std::string(number) + "\" is not the id of a green thread; ps lists them");
    }
    for (Fiber* fiber : detail::here::fibers()) {
        if (fiber->id == id) {
            return *fiber;
        }
    }
    throw std::invalid_argument("there is no green thread " + std::to_string(id) + " that can be named here");
}

void show_stats(std::string_view, std::ostream& out) {
    const HubStats s = Hub::current().stats();
    out << "backend         " << Hub::current().backend() << "\ngreen threads   " << s.greenlets << "\nstacks          "
        << s.stacks_used << " used, " << s.stacks_free << " free\ntimers          " << s.timers << "\ndescriptors     "
        << s.descriptors << " open, " << s.waiting_for_io << " waited for\nkept alive by   " << s.keeping_alive << '\n';
}

std::map<std::string, Entry, std::less<>> our_commands() {
    std::map<std::string, Entry, std::less<>> all;
    all["ps"] = {"all green threads, as a tree by spawner",
                 [](std::string_view, std::ostream& out) { dump(out, {.backtraces = false}); }};
    all["stack"] = {"ID: where a green thread stopped", [](std::string_view id, std::ostream& out) {
                        dump(out, {.backtraces = true, .only = green_thread(id).id});
                    }};
    all["stats"] = {"the hub's counts", &show_stats};
    all["kill"] = {"ID: throws GreenletExit in a green thread", [](std::string_view id, std::ostream& out) {
                       green_thread(id).kill(nullptr);
                       out << "asked\n";
                   }};
    return all;
}

// Returns the first word, and the rest without surrounding blanks.
std::pair<std::string_view, std::string_view> split(std::string_view line) {
    constexpr std::string_view blanks = " \t\r";
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    line.remove_suffix(line.size() - std::min(line.find_last_not_of(blanks) + 1, line.size()));
    const std::size_t end = std::min(line.find_first_of(blanks), line.size());
    std::string_view rest = line.substr(end);
    rest.remove_prefix(std::min(rest.find_first_not_of(blanks), rest.size()));
    return {line.substr(0, end), rest};
}

}  // namespace

struct Backdoor::State {
    Listener listener;
    Address at;
    std::size_t most;
    std::string greeting;  // the banner and the first prompt
    std::size_t sessions = 0;
    std::map<std::string, Entry, std::less<>> commands = our_commands();
    Greenlet<void> server;

    State(const Address& where, BackdoorOptions options)
        : listener(listen(where)), at(listener.address()), most(options.sessions_at_most),
          greeting(std::move(options.banner)) {
        if (!greeting.empty() && greeting.back() != '\n') {
            greeting += '\n';
        }
        greeting += "> ";
    }

    void serve() {
        tendril::serve(listener, [this](TcpSocket& client) { session(client); }, {.concurrency = most});
    }

    void session(TcpSocket& client) {
        if (const uid_t user = client.peer_credentials().user; user != 0 && user != sys::effective_user()) {
            client.send_all("this is another user's process\n", answer_deadline);
            return;
        }
        ++sessions;
        const detail::OnExit counted([this] { --sessions; });
        std::string line;
        char buffer[512];
        client.send_all(greeting, answer_deadline);
        while (const std::size_t n = client.recv(buffer)) {
            for (const char c : std::string_view(buffer, n)) {
                if (c != '\n') {
                    line.append(line.size() <= longest_line ? 1 : 0, c);  // drops the rest of a longer line
                } else if (!answer(client, std::exchange(line, {}))) {
                    return;
                }
            }
        }
    }

    // Answers one line. Returns: whether the session continues.
    bool answer(TcpSocket& client, std::string_view line) {
        const auto [name, arguments] = split(line);
        if (name == "quit") {
            return false;
        }
        std::ostringstream out;
        try {
            if (line.size() > longest_line) {
                throw std::invalid_argument("a line has at most " + std::to_string(longest_line) + " bytes");
            }
            run(name, arguments, out);
        } catch (const std::exception& e) {
            out << "error: " << e.what() << '\n';
        }
        out << "> ";
        client.send_all(out.str(), answer_deadline);
        return true;
    }

    void run(std::string_view name, std::string_view arguments, std::ostream& out) {
        if (name.empty()) {
            return;
        }
        if (name == "help") {
            for (const auto& [each, entry] : commands) {
                out << each << "  " << entry.help << '\n';
            }
            out << "quit  ends this session\n";
            return;
        }
        const auto found = commands.find(name);
        if (found == commands.end()) {
            throw std::invalid_argument("unknown command \"" + std::string(name) + "\"; help lists them");
        }
        const Command command = found->second.run;  // a copy: the command may be replaced while it waits
        command(arguments, out);
    }
};

Backdoor::Backdoor(const Address& at, BackdoorOptions options) {
    if (at.family() != AF_UNIX) {
        throw std::invalid_argument("a Backdoor at " + at.to_string() +
                                    " would admit anyone who can connect; give it a Unix-domain address, unix:/path");
    }
    state_ = std::make_unique<State>(at, std::move(options));
    state_->server = spawn({.name = "backdoor"}, [state = state_.get()] { state->serve(); });
}

Backdoor::~Backdoor() {
    const Shield shield;
    const std::string path = state_->at.path();
    state_->server.kill();  // and with it serve() and the sessions
    state_->listener.close();
    if (!path.empty() && path.front() != '@') {
        sys::unlink(path);
    }
}

void Backdoor::add(std::string name, std::string help, Command command) {
    if (!command || name.empty() || name.find_first_of(" \t\r\n") != std::string::npos) {
        throw std::invalid_argument("a command needs a name of one word, and a function to run");
    }
    state_->commands[std::move(name)] = {std::move(help), std::move(command)};
}

Address Backdoor::address() const {
    return state_->at;
}

std::size_t Backdoor::sessions() const noexcept {
    return state_->sessions;
}

}  // namespace tendril::debug
