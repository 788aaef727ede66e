// SPDX-License-Identifier: MIT

#include "http/message/multipart_parser.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <tendril/http/message.hpp>

#include "http/message/disposition.hpp"

namespace tendril::http::detail {
namespace {

using Event = MultipartParser::Event;

struct ParsedPart {
    std::vector<std::pair<std::string, std::string>> headers;
    std::string data;
    bool ended = false;
    friend bool operator==(const ParsedPart&, const ParsedPart&) = default;
};

struct Parsed {
    std::vector<ParsedPart> parts;
    bool ended = false;
    int status = 200;
    friend bool operator==(const Parsed&, const Parsed&) = default;
};

Parsed parse(std::string_view text, std::size_t piece, std::string_view boundary = "b",
             const MultipartLimits& limits = {}) {
    Parsed parsed;
    MultipartParser parser(boundary, limits);
    std::size_t begin = 0;
    std::size_t end = 0;
    try {
        while (!parsed.ended) {
            const auto step = parser.next(text.substr(begin, end - begin));
            begin += step.consumed;
            if (step.event == Event::part) {
                parsed.parts.emplace_back();
                for (const auto& each : parser.headers()) {
                    parsed.parts.back().headers.emplace_back(each.name, each.value);
                }
            } else if (step.event == Event::data) {
                parsed.parts.back().data += step.data;
            } else if (step.event == Event::part_end) {
                parsed.parts.back().ended = true;
            } else if (step.event == Event::end) {
                parsed.ended = true;
            } else if (begin == end) {
                if (end == text.size()) {
                    break;
                }
                end = std::min(text.size(), end + piece);
            }
        }
    } catch (const ProtocolError& e) {
        parsed.status = e.status();
    }
    return parsed;
}

int status_of(std::string_view text, const MultipartLimits& limits = {}) {
    return parse(text, 7, "b", limits).status;
}

TEST(MultipartParser, givesTheSamePartsHoweverTheyCome) {
    const std::string text = "preamble\r\n--bx is not at a line's end\r\r\n-\r\n--b  \t\r\n"
                             "A: 1\r\nB:2\r\n\r\nfirst\r\n--\r\n-b\r\n\r\n--\r\r\n--b\r\n"
                             "\r\n\r\n--b\r\n"
                             "\r\n--b\r\n"
                             "C: empty\r\n\r\n--b\r\n"
                             "\r\n\r\r\r\n\r\n--b--\r\nepilogue --b\r\n--b\r\n";
    EXPECT_EQ(status_of(text), 400) << "what begins like a delimiter is one";
    const std::string good = text.substr(text.find("\r\r\n-\r\n") + 1);
    Parsed expected;
    expected.parts = {{{{"A", "1"}, {"B", "2"}}, "first\r\n--\r\n-b\r\n\r\n--\r", true},
                      {{}, "", true},
                      {{}, "", true},
                      {{{"C", "empty"}}, "", true},
                      {{}, "\r\r\r\n", true}};
    expected.ended = true;
    for (std::size_t piece = 1; piece <= good.size(); ++piece) {
        EXPECT_EQ(parse(good, piece), expected) << piece;
    }
}

TEST(MultipartParser, mayBeginAtOnceAndHaveNoParts) {
    EXPECT_TRUE(parse("--b--", 1).ended);
    EXPECT_TRUE(parse("\r\n--b--", 1).ended);
    EXPECT_EQ(parse("--b\r\n\r\n--b--", 1).parts.size(), 1U);
    EXPECT_FALSE(parse("--b\r\n\r\n--b-", 1).ended);
    EXPECT_FALSE(parse("x--b--", 1).ended);
}

TEST(MultipartParser, isStrict) {
    for (const char* text :
         {"--b\n\n", "--b\r\n\n", "--bx", "--b x", "--b-x", "--b\rx\r\n", "--b\r\nA 1\r\n\r\n", "--b\r\nA : 1\r\n\r\n",
          "--b\r\nA: 1\r\n 2\r\n\r\n", "--b\r\nA: 1\n\r\n", "--b\r\nA: \x01\r\n", "--b\r\n: 1\r\n\r\n", "--b \t x"}) {
        EXPECT_EQ(status_of(text), 400) << text;
    }
}

TEST(MultipartParser, isBounded) {
    const MultipartLimits limits{.max_parts = 2, .max_header_bytes = 20, .max_preamble = 10};
    EXPECT_EQ(status_of("--b\r\n\r\n\r\n--b\r\n\r\n\r\n--b--", limits), 200);
    EXPECT_EQ(status_of("--b\r\n\r\n\r\n--b\r\n\r\n\r\n--b\r\n", limits), 413);
    EXPECT_EQ(status_of("--b\r\nA: 123456789\r\n\r\n", limits), 200);
    EXPECT_EQ(status_of("--b\r\nA: 123456789abcdef\r\n\r\n", limits), 413);
    EXPECT_EQ(status_of("--b\r\nA" + std::string(100, 'x'), limits), 413);
    EXPECT_EQ(status_of("0123456789\r\n--b--", limits), 200);
    EXPECT_EQ(status_of("0123456789a\r\n--b--", limits), 413);
}

TEST(MultipartBoundary, isTakenFromTheContentType) {
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
    EXPECT_EQ(multipart_boundary("Multipart/Mixed; charset=x; Boundary=\"a b:c\""), "a b:c");
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(70, 'x')).size(), 70U);
    const auto status = [](const std::string& type) {
        try {
            multipart_boundary(type);
            return 200;
        } catch (const ProtocolError& e) {
            return e.status();
        }
    };
    EXPECT_EQ(status("text/plain; boundary=abc"), 415);
    EXPECT_EQ(status(""), 415);
    for (const std::string& type :
         {std::string("multipart/form-data"), std::string("multipart/form-data; boundary=\"\""),
          std::string("multipart/form-data; boundary=a; boundary=a"),
          std::string("multipart/form-data; boundary=\"a \""), std::string("multipart/form-data; boundary=\"a\tb\""),
          std::string("multipart/form-data; boundary=a!"), "multipart/form-data; boundary=" + std::string(71, 'x')}) {
        EXPECT_EQ(status(type), 400) << type;
    }
}

TEST(Disposition, ofAPartOfAForm) {
    const auto said = parse_disposition(R"(Form-Data; name="a%22b%0D%0A%41"; filename="C:\dir\my \"x\".txt"; x=y)");
    EXPECT_EQ(said.name, "a\"b\r\n%41");
    EXPECT_EQ(said.filename, "my \"x\".txt");
    EXPECT_EQ(parse_disposition("form-data; name=a").filename, std::nullopt);
    EXPECT_EQ(parse_disposition("form-data; name=\"\"; filename=\"\"").filename, "");
    EXPECT_EQ(parse_disposition("form-data; name=a; filename*=UTF-8''x").filename, std::nullopt);
    for (const char* text : {"", "attachment; name=a", "form-data", "form-data; filename=a",
                             "form-data; name=a; name=b", "form-data; name=\"a", "form-data; name",
                             "form-data; name=a b", "form-data; name=a; filename=b; filename=c"}) {
        EXPECT_THROW(parse_disposition(text), ProtocolError) << text;
    }
}

TEST(Disposition, makesFileNamesHarmless) {
    EXPECT_EQ(harmless_filename("../../etc/passwd"), "passwd");
    EXPECT_EQ(harmless_filename("%2e%2e%2f%2e%2e%5cpasswd"), "passwd");
    EXPECT_EQ(harmless_filename(".htaccess"), "htaccess");
    for (const char* nothing : {"", ".", "..", "a/", "a/..", " .. ", "\\"}) {
        EXPECT_EQ(harmless_filename(nothing), "") << nothing;
    }
    EXPECT_EQ(harmless_filename(std::string_view("a\0b\r\n\x7f.txt", 10)), "ab.txt");
    EXPECT_EQ(harmless_filename("na%C3%AFve.txt"), "na\xc3\xafve.txt");
    EXPECT_EQ(harmless_filename("100%.txt"), "100%.txt");
    std::string umlauts;
    for (int i = 0; i < 150; ++i) {
        umlauts += "\xc3\xa4";
    }
    EXPECT_EQ(harmless_filename("x" + umlauts), "x" + umlauts.substr(0, 198));
}

}  // namespace
}  // namespace tendril::http::detail
