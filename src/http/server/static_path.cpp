// SPDX-License-Identifier: MIT

#include "http/server/static_path.hpp"

#include <algorithm>
#include <cstddef>

#include <tendril/http/form.hpp>
#include <tendril/http/message.hpp>

namespace tendril::http::detail {

namespace {

constexpr std::size_t longest_path = 4000;  // below the system's PATH_MAX

bool is_refused(std::string_view segment, bool hidden) noexcept {
    return segment.empty() || segment == "." || segment == ".." || (segment.front() == '.' && !hidden) ||
           segment.find_first_of(std::string_view("/\0", 2)) != std::string_view::npos;
}

std::string escaped(std::string_view text) {
    std::string html;
    for (const char c : text) {
        switch (c) {
        case '&':
            html += "&amp;";
            break;
        case '<':
            html += "&lt;";
            break;
        case '>':
            html += "&gt;";
            break;
        case '"':
            html += "&quot;";
            break;
        default:
            html += c;
        }
    }
    return html;
}

}  // namespace

std::optional<StaticPath> static_path(std::string_view path, std::string_view prefix, bool hidden) {
    if (!path.starts_with(prefix) || path.size() > longest_path) {
        return std::nullopt;
    }
    path.remove_prefix(prefix.size());
    StaticPath meant{.path = {}, .is_folder = true};
    while (!path.empty()) {
        const std::size_t end = std::min(path.find('/'), path.size());
        std::string segment;
        try {
            segment = percent_decode(path.substr(0, end));
        } catch (const ProtocolError&) {
            return std::nullopt;
        }
        if (is_refused(segment, hidden)) {
            return std::nullopt;
        }
        meant.path.append(meant.path.empty() ? "" : "/").append(segment);
        meant.is_folder = end < path.size();
        path.remove_prefix(std::min(end + 1, path.size()));
    }
    return meant;
}

std::string folder_page(std::string_view path, std::vector<FolderEntry> entries) {
    std::sort(entries.begin(), entries.end(), [](const FolderEntry& a, const FolderEntry& b) {
        return a.is_folder != b.is_folder ? a.is_folder : a.name < b.name;
    });
    const std::string title = escaped(path);
    std::string page = "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>" + title +
                       "</title></head>\n<body><h1>" + title + "</h1>\n<ul>\n";
    for (const FolderEntry& each : entries) {
        const std::string_view slash = each.is_folder ? "/" : "";
        page.append("<li><a href=\"./").append(percent_encode(each.name)).append(slash).append("\">");
        page.append(escaped(each.name)).append(slash).append("</a></li>\n");
    }
    return page + "</ul></body></html>\n";
}

}  // namespace tendril::http::detail
