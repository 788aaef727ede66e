// SPDX-License-Identifier: MIT

#include "pages.hpp"

#include <string_view>

#include <tendril/greenlet.hpp>

#include "live_page.hpp"

namespace demo {

namespace {

using tendril::http::Request;
using tendril::http::Response;

constexpr std::string_view prompt_page =
    "<!doctype html>\n<title>tendril</title>\n<h1>Hello</h1>\n"
    "<p>One green thread per connection wrote this. <a href=\"/slow\">Another page</a> sleeps first.</p>\n";
constexpr std::string_view slow_page =
    "<!doctype html>\n<title>tendril</title>\n<h1>Good morning</h1>\n"
    "<p>This green thread has slept; the others worked meanwhile. <a href=\"/\">Back</a></p>\n";

void send_page(Response& response, std::string_view page) {
    response.set("Content-Security-Policy", "default-src 'none'");
    response.send(page, "text/html; charset=utf-8");
}

}  // namespace

tendril::http::Router make_pages(Figures& figures, LiveFeed& feed) {
    tendril::http::Router pages;
    pages.add("GET", "/", [](Request&, Response& response) { send_live_page(response); });
    pages.add("GET", "/hello", [](Request&, Response& response) { send_page(response, prompt_page); });
    pages.add("GET", "/slow", [](Request&, Response& response) {
        tendril::sleep(slow_page_delay);
        send_page(response, slow_page);
    });
    pages.add("GET", "/live", [&feed](Request& request, Response& response) { feed.serve(request, response); });
    pages.add("GET", "/stats.json", [&figures](Request& request, Response& response) {
        response.set("Cache-Control", "no-store");
        response.send(figures.json(request.server()) + "\n", "application/json");
    });
    return pages;
}

}  // namespace demo
