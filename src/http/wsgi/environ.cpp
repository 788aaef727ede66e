// SPDX-License-Identifier: MIT

#include <algorithm>

#include <tendril/http/form.hpp>
#include <tendril/http/wsgi.hpp>

#include "base/report.hpp"
#include "http/message/chars.hpp"

namespace tendril::http::wsgi {

namespace {

// Returns: such as HTTP_USER_AGENT for User-Agent.
std::string variable_of(std::string_view field) {
    std::string name = "HTTP_";
    for (const char c : field) {
        name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 0x20) : c;
    }
    return name;
}

}  // namespace

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
        // HTTP_PROXY would be obeyed by what a program starts with these variables: httpoxy, CVE-2016-5385.
        if (field.name.find('_') != std::string_view::npos || http::detail::same_ignoring_case(field.name, "Proxy")) {
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
    const auto& log = request_->server().options().errors.write;
    if (log) {
        log(line);
    } else {
        tendril::detail::report(line);
    }
}

}  // namespace tendril::http::wsgi
