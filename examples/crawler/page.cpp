// SPDX-License-Identifier: MIT

#include "page.hpp"

#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>

#include "links.hpp"

namespace crawler {

namespace {

using tendril::http::ClientResponse;
using tendril::http::Url;

constexpr std::size_t largest_page = std::size_t{8} * 1024 * 1024;

void read_redirect(ClientResponse& response, Page& page) {
    try {
        page.location = page.url.resolve(response.headers().get("Location")).without_fragment();
        page.links.push_back(*page.location);
    } catch (const std::invalid_argument& e) {
        page.error = e.what();
    }
}

// Counts the bytes without keeping them: the rest may be large.
std::uint64_t size_of_rest(ClientResponse& response) {
    char buffer[16384];
    std::uint64_t size = 0;
    while (const std::size_t n = response.body().recv(buffer)) {
        size += n;
    }
    return size;
}

void read(ClientResponse& response, Page& page) {
    page.status = response.status();
    if (page.status >= 300 && page.status < 400 && response.headers().contains("Location")) {
        read_redirect(response, page);
    } else if (response.ok() && response.headers().get("Content-Type").starts_with("text/html")) {
        const std::string html = response.text(largest_page);
        page.size = html.size();
        page.links = links_of(html, page.url);
        return;
    }
    page.size = size_of_rest(response);
}

void append_quoted(std::string& json, std::string_view text) {
    json += '"';
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
            json += escape;
        } else {
            json += c;
        }
    }
    json += '"';
}

void append_field(std::string& json, const char* name, std::string_view text) {
    append_quoted(json.append(",\"").append(name).append("\":"), text);
}

}  // namespace

Page fetch(tendril::http::Client& client, const Url& url) {
    const auto begin = std::chrono::steady_clock::now();
    Page page{.url = url};
    try {
        ClientResponse response = client.get(url);
        read(response, page);
    } catch (const std::exception& e) {
        page.error = e.what();
    }
    page.ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    return page;
}

std::string to_json(const Page& page) {
    char numbers[120];
    std::snprintf(numbers, sizeof numbers, ",\"status\":%d,\"size\":%llu,\"ms\":%.1f,\"links\":[", page.status,
                  static_cast<unsigned long long>(page.size), page.ms);
    std::string json = "{\"url\":";
    append_quoted(json, page.url.to_string());
    json += numbers;
    for (const Url& each : page.links) {
        json += &each == page.links.data() ? "" : ",";
        append_quoted(json, each.to_string());
    }
    json += ']';
    if (page.location.has_value()) {
        append_field(json, "location", page.location->to_string());
    }
    if (!page.error.empty()) {
        append_field(json, "error", page.error);
    }
    return json + "}";
}

}  // namespace crawler
