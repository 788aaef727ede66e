// SPDX-License-Identifier: MIT

#include <algorithm>

#include <tendril/http/form.hpp>
#include <tendril/http/wsgi.hpp>

#include "base/report.hpp"
#include "http/message/chars.hpp"

namespace tendril::http::wsgi {

namespace {

constexpr std::size_t most_at_once = std::size_t{16} * 1024 * 1024;
constexpr std::size_t any = PTRDIFF_MAX;

[[noreturn]] void too_large() {
    throw ProtocolError(Fault::too_large, 413, "a body, or a line of it, of more than 16 MiB");
}

// HTTP_USER_AGENT for User-Agent.
std::string variable_of(std::string_view field) {
    std::string name = "HTTP_";
    for (const char c : field) {
        name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
    }
    return name;
}

}  // namespace

// --- Input

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
            break;  // the last one
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

// --- Environ

Environ::Environ(Request& request, Response& response, Input& input)
    : minimum_write_chunk_size(request.server().options().write_coalesce), request_(&request), response_(&response),
      input_(&input) {
    add_request();
    add_headers();
    for (const auto& [name, value] : request.server().options().environment) {
        variables_.try_emplace(name, value);
    }
    add_addresses();
}

void Environ::add_request() {
    set("REQUEST_METHOD", std::string(request_->method()));
    set("PATH_INFO", percent_decode(request_->path()));
    set("RAW_PATH_INFO", std::string(request_->path()));
    set("QUERY_STRING", std::string(request_->query()));
    set("SERVER_PROTOCOL", std::string(to_string(request_->version())));
    set("REMOTE_ADDR", request_->peer().ip());
    set("REMOTE_PORT", std::to_string(request_->peer().port()));
}

void Environ::add_headers() {
    for (const Headers::Field field : request_->headers()) {
        if (field.name.find('_') != std::string_view::npos) {
            continue;
        }
        std::string name = variable_of(field.name);
        if (name == "HTTP_CONTENT_TYPE" || name == "HTTP_CONTENT_LENGTH") {
            name.erase(0, 5);
        }
        const auto [found, fresh] = variables_.try_emplace(std::move(name), field.value);
        if (!fresh) {
            found->second += found->first == "HTTP_COOKIE" ? "; " : ", ";
            found->second += field.value;
        }
    }
}

void Environ::add_addresses() {
    const std::string& software = request_->server().options().server_name;
    variables_.try_emplace("GATEWAY_INTERFACE", "CGI/1.1");
    variables_.try_emplace("SERVER_SOFTWARE", software.empty() ? "tendril" : software);
    variables_.try_emplace("SCRIPT_NAME", "");
    variables_.try_emplace("wsgi.url_scheme", request_->is_secure() ? "https" : "http");
    const Address here = request_->local_address();
    const std::string ip = here.ip();
    variables_.try_emplace("SERVER_NAME", ip.empty() ? "localhost" : ip);
    variables_.try_emplace("SERVER_PORT", !ip.empty()             ? std::to_string(here.port())
                                          : request_->is_secure() ? "443"
                                                                  : "80");
}

std::string_view Environ::operator[](std::string_view name) const noexcept {
    const auto found = variables_.find(name);
    return found != variables_.end() ? std::string_view(found->second) : std::string_view();
}

std::size_t Environ::remove(std::string_view name) {
    const auto found = variables_.find(name);
    if (found == variables_.end()) {
        return 0;
    }
    variables_.erase(found);
    return 1;
}

void Environ::errors(std::string_view line) const {
    const auto& log = request_->server().options().error_log;
    if (log) {
        log(line);
    } else {
        tendril::detail::report(line);
    }
}

}  // namespace tendril::http::wsgi
