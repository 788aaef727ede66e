// SPDX-License-Identifier: MIT

#include <algorithm>

#include <tendril/http/wsgi.hpp>

namespace tendril::http::wsgi {

namespace {

constexpr std::size_t most_at_once = std::size_t{16} * 1024 * 1024;
constexpr std::size_t any = PTRDIFF_MAX;

[[noreturn]] void too_large() {
    throw ProtocolError(Fault::too_large, 413, "a request's body, or a line of it, of more than 16 MiB");
}

}  // namespace

Input::Input(Body& body) : in_(body, {.longest = any}) {}

std::string Input::take(std::size_t n) {
    std::string taken(in_.buffered().substr(0, n));
    in_.skip(n);
    return taken;
}

std::string Input::read(std::size_t most, Deadline deadline) {
    in_.peek(std::min(most, any), deadline);
    return take(most);
}

std::string Input::read(Deadline deadline) {
    if (in_.peek(most_at_once + 1, deadline).size() > most_at_once) {
        too_large();
    }
    return take(any);
}

std::string Input::readline(std::size_t most, Deadline deadline) {
    for (std::size_t searched = 0; searched < most;) {
        const std::string_view there = in_.peek(searched + 1, deadline);
        if (const std::size_t at = there.find('\n', searched); at != std::string_view::npos) {
            return take(std::min(at + 1, most));
        }
        if (there.size() == searched) {
            break;  // the last line
        }
        searched = there.size();
    }
    return take(most);
}

std::string Input::readline(Deadline deadline) {
    std::string line = readline(most_at_once + 1, deadline);
    if (line.size() > most_at_once) {
        too_large();
    }
    return line;
}

std::vector<std::string> Input::readlines(Deadline deadline) {
    std::vector<std::string> lines;
    const std::string all = read(deadline);
    for (std::string_view rest = all; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
        lines.emplace_back(rest.substr(0, end));
        rest.remove_prefix(end);
    }
    return lines;
}

}  // namespace tendril::http::wsgi
