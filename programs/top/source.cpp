// SPDX-License-Identifier: MIT

#include "top/source.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include <tendril/http/form.hpp>
#include <tendril/socket.hpp>

namespace tendril::top {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;
constexpr std::size_t longest = std::size_t{256} << 20;

pid_t process_number(std::string_view text) {
    pid_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number > 0 ? number : 0;
}

std::string socket_of(pid_t process, uid_t user) {
    return "@tendril/" + std::to_string(user) + "/" + std::to_string(process);
}

// Whose process it is; only root asks for those of others.
uid_t owner_of(pid_t process) {
    std::ifstream status("/proc/" + std::to_string(process) + "/status");
    for (std::string word; status >> word;) {
        unsigned real = 0, effective = 0;
        if (word == "Uid:" && status >> real >> effective) {
            return effective;
        }
    }
    throw std::runtime_error("there is no process " + std::to_string(process));
}

std::string url_of_process(pid_t process) {
    const uid_t user = owner_of(process);
    const std::string name = socket_of(process, user);
    try {
        const TcpSocket socket = connect("unix:" + name, Deadline(patience));
        const PeerCredentials peer = socket.peer_credentials();
        if (peer.user != user) {  // anybody may take a name
            throw std::runtime_error("another user's process answers for process " + std::to_string(process));
        }
    } catch (const std::system_error& error) {
        throw std::runtime_error("process " + std::to_string(process) +
                                 " shows itself to nobody: start it with TENDRIL_INSPECT=1 in its environment, or let "
                                 "it call open_inspection() (" +
                                 error.code().message() + ")");
    }
    return "http+unix://" + http::percent_encode(name) + "/";
}

std::string url_of(const std::string& target) {
    if (const pid_t process = process_number(target); process != 0) {
        return url_of_process(process);
    }
    if (target.find("://") == std::string::npos) {
        throw std::invalid_argument(target + " is neither the number of a process nor a URL");
    }
    return target.back() == '/' ? target : target + '/';
}

}  // namespace

Source::Source(const std::string& target) : url_(url_of(target)) {}

std::string Source::fetch(const std::string& query) {
    const Deadline deadline(patience);
    http::ClientResponse response = client_.get(url_ + "snapshot.json?" + query, deadline);
    std::string text = response.text(longest, deadline);
    if (response.status() != 200) {
        throw std::runtime_error("it answers with " + std::to_string(response.status()) + " " +
                                 text.substr(0, text.find('\n')));
    }
    return text;
}

std::vector<pid_t> inspectable_processes() {
    const std::string prefix = "@tendril/" + std::to_string(::geteuid()) + "/";
    std::vector<pid_t> all;
    std::ifstream sockets("/proc/net/unix");
    for (std::string line; std::getline(sockets, line);) {
        if (const std::size_t at = line.find(prefix); at != std::string::npos) {
            if (const pid_t process = process_number(std::string_view(line).substr(at + prefix.size())); process != 0) {
                all.push_back(process);
            }
        }
    }
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

}  // namespace tendril::top
