// SPDX-License-Identifier: MIT

#include <tendril/socket_activation.hpp>

#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "base/sys.hpp"
#include "net/handover_environment.hpp"

namespace tendril {

namespace {

constexpr int first_fd = 3;  // SD_LISTEN_FDS_START
constexpr long most = 1000;

std::string take_variable(const char* name) {
    const char* value = std::getenv(name);
    std::string text = value != nullptr ? value : "";
    ::unsetenv(name);
    return text;
}

long number_in(const std::string& text, const char* variable, long least, long greatest) {
    long number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number < least || number > greatest) {
        throw std::invalid_argument(std::string(variable) + "=" + text.substr(0, 100) + " makes no sense");
    }
    return number;
}

InheritedSocket take(int fd, std::string name) {
    if (const int r = sys::set_close_on_exec(fd); r < 0) {
        throw std::system_error(-r, std::generic_category(), "inherited descriptor " + std::to_string(fd));
    }
    return {std::move(name), Fd(fd)};
}

std::string_view next(std::string_view& list, char separator) {
    const std::size_t end = list.find(separator);
    const std::string_view item = list.substr(0, end);
    list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
    return item;
}

void take_systemds(std::vector<InheritedSocket>& all) {
    const std::string pid = take_variable("LISTEN_PID");
    const std::string count = take_variable("LISTEN_FDS");
    const std::string names = take_variable("LISTEN_FDNAMES");
    if (pid.empty() || count.empty() || number_in(pid, "LISTEN_PID", 1, 1L << 30) != sys::process_id()) {
        return;
    }
    std::string_view rest = names;
    for (long i = 0, n = number_in(count, "LISTEN_FDS", 0, most); i < n; ++i) {
        const std::string_view name = next(rest, ':');
        all.push_back(take(first_fd + static_cast<int>(i), name.empty() ? "unknown" : std::string(name)));
    }
}

// Takes what hand_over() announced: "5=name:7=other".
void take_handed_over(std::vector<InheritedSocket>& all) {
    const std::string list = take_variable(detail::handed_over_variable);
    std::string_view rest = list;
    while (!rest.empty()) {
        std::string_view item = next(rest, ':');
        const std::string fd(next(item, '='));
        all.push_back(take(static_cast<int>(number_in(fd, detail::handed_over_variable, 0, 1L << 30)),
                           item.empty() ? "unknown" : std::string(item)));
    }
}

}  // namespace

std::vector<InheritedSocket> inherited_sockets() {
    std::vector<InheritedSocket> all;
    take_systemds(all);
    take_handed_over(all);
    return all;
}

void notify_ready() {
    const std::string text = take_variable(detail::ready_variable);
    if (text.empty()) {
        return;
    }
    const Fd fd(static_cast<int>(number_in(text, detail::ready_variable, 0, 1L << 30)));
    const ssize_t r = sys::write_pipe(fd.get(), "1", 1);
    if (r < 0 && r != -EPIPE) {  // EPIPE: the other program no longer waits
        throw std::system_error(static_cast<int>(-r), std::generic_category(), "notify_ready");
    }
}

}  // namespace tendril
