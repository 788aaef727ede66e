// SPDX-License-Identifier: MIT
//
// Compares our parser of requests with Boost.Beast's, which could have been used instead: nanoseconds of CPU for the
// head that wrk sends, and for a browser's. Beast is measured twice: with its own fields, and with a parser derived
// from basic_parser that keeps nothing.

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "http/server/request_parser.hpp"

namespace {

namespace beast = boost::beast;
using tendril::http::detail::RequestHead;
using tendril::http::detail::RequestParser;

constexpr std::string_view short_head = "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
constexpr std::string_view long_head =
    "GET /shop/items?category=books&page=3 HTTP/1.1\r\nHost: www.example.org\r\nConnection: keep-alive\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: de-DE,de;q=0.9,en;q=0.8\r\n"
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes\r\nDNT: 1\r\n"
    "Referer: https://www.example.org/shop\r\nUpgrade-Insecure-Requests: 1\r\n\r\n";

// Returns: nanoseconds for one call, the median of many rounds.
template <class F>
double measure(F f) {
    std::vector<double> rounds;
    for (int round = 0; round < 31; ++round) {
        constexpr int calls = 20000;
        timespec begin{};
        timespec end{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
        for (int i = 0; i < calls; ++i) {
            f();
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
        rounds.push_back((double(end.tv_sec - begin.tv_sec) * 1e9 + double(end.tv_nsec - begin.tv_nsec)) / calls);
    }
    std::nth_element(rounds.begin(), rounds.begin() + 15, rounds.end());
    return rounds[15];
}

// Keeps nothing.
class BareBeast : public beast::http::basic_parser<true> {
    using Text = beast::string_view;
    using Error = beast::error_code;
    void on_request_impl(beast::http::verb, Text, Text, int, Error&) override {}
    void on_response_impl(int, Text, int, Error&) override {}
    void on_field_impl(beast::http::field, Text, Text, Error&) override {}
    void on_header_impl(Error&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, Error&) override {}
    std::size_t on_body_impl(Text body, Error&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, Text body, Error&) override { return body.size(); }
    void on_finish_impl(Error&) override {}
};

template <class Parser>
void beast_parses(std::string_view text) {
    Parser parser;
    beast::error_code error;
    parser.put(boost::asio::buffer(text.data(), text.size()), error);
    if (error || !parser.is_header_done()) {
        std::abort();
    }
}

}  // namespace

int main() {
    RequestHead head;
    for (const std::string_view text : {short_head, long_head}) {
        const double ours = measure([&] {
            RequestParser parser;
            parser.begin({});
            if (parser.parse(text, head) != text.size()) {
                std::abort();
            }
            parser.finish(text.data(), head);
        });
        const double fields =
            measure([&] { beast_parses<beast::http::request_parser<beast::http::empty_body>>(text); });
        const double bare = measure([&] { beast_parses<BareBeast>(text); });
        std::printf(
            "a head of %3zu bytes: ours %6.1f ns, Beast into fields %7.1f ns (%.1fx), Beast bare %7.1f ns (%.1fx)\n",
            text.size(), ours, fields, fields / ours, bare, bare / ours);
    }
    return 0;
}
