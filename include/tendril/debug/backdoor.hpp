// SPDX-License-Identifier: MIT
// Floor: debug
//
// Backdoor: lets a client of a Unix-domain socket look into this hub, while it runs: gevent's BackdoorServer,
// without the interpreter. For people, with socat or nc:
//
//     debug::Backdoor backdoor("unix:/run/user/1000/crawler.sock", {.banner = "crawler 2.1; help lists the commands"});
//     $ socat readline unix:/run/user/1000/crawler.sock
//     crawler 2.1; help lists the commands
//     > ps
//
// Commands: help, ps (the dump), stack ID (with the calls in which it stopped), stats, kill ID, quit, and those that
// the program adds. Only the user that runs this process, and root, are let in. Each session is a green thread; an
// error in a command is said in its session, and nowhere else. Belongs to its OS thread. Example:
// examples/backdoor.cpp

#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tendril/address.hpp>

namespace tendril::debug {

// Options of a Backdoor.
struct BackdoorOptions {
    std::size_t sessions_at_most = 16;  // more clients wait for a place
    std::string banner = {};            // what each session begins with, as a line or more
};

class Backdoor {
public:
    // What a command prints, goes to the session when it returns. It may wait.
    using Command = std::function<void(std::string_view arguments, std::ostream& answer)>;

    // Listens at once. Keeps the hub alive.
    // Throws: std::invalid_argument unless it is a Unix-domain address; std::system_error (EADDRINUSE: a file is
    // there).
    explicit Backdoor(const Address& at, BackdoorOptions options = {});
    explicit Backdoor(std::string_view at, BackdoorOptions options = {})
        : Backdoor(Address::parse(at), std::move(options)) {}
    Backdoor(const Backdoor&) = delete;
    Backdoor& operator=(const Backdoor&) = delete;
    // Ends all sessions and waits for their ends; removes the socket's file.
    ~Backdoor();

    // A command of the program's own, or in place of one of ours. `help` is shown by help.
    void add(std::string name, std::string help, Command command);

    Address address() const;                // where it listens
    std::size_t sessions() const noexcept;  // how many clients it has now

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace tendril::debug
