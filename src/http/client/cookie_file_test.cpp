// SPDX-License-Identifier: MIT

#include <tendril/http/cookie_file.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>

#include "errno_of.hpp"
#include "faults.hpp"
#include "folder.hpp"
#include "green_test.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

const CookieJar::Time now = CookieJar::Time(1'700'000'000s);

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(CookieFile, HasALineForEachCookie) {
    CookieJar jar;
    jar.store("https://www.example.org/a/b",
              {{"Set-Cookie", "host=1; Max-Age=100; Secure; HttpOnly"},
               {"Set-Cookie", "domain=2; Domain=example.org; Path=/; Max-Age=100"},
               {"Set-Cookie", "session=3"}},
              now);
    jar.store("http+unix://%2Frun%2Fx/", {{"Set-Cookie", "socket=4; Max-Age=100"}}, now);
    jar.store("http://[::1]/", {{"Set-Cookie", "six=6; Max-Age=100"}}, now);
    const std::string text = jar.netscape(false, now);
    EXPECT_EQ(text, "# Netscape HTTP Cookie File\n"
                    "::1\tFALSE\t/\tFALSE\t1700000100\tsix\t6\n"
                    "#HttpOnly_www.example.org\tFALSE\t/a\tTRUE\t1700000100\thost\t1\n"
                    ".example.org\tTRUE\t/\tFALSE\t1700000100\tdomain\t2\n");
    EXPECT_NE(jar.netscape(true, now).find("www.example.org\tFALSE\t/a\tFALSE\t0\tsession\t3\n"), std::string::npos);
    EXPECT_EQ(jar.netscape(false, now + 100s), "# Netscape HTTP Cookie File\n");

    CookieJar read;
    const CookieLines lines = read.add_netscape(text, now);
    EXPECT_EQ(lines.cookies, 3U);
    EXPECT_EQ(lines.ignored, 0U);
    EXPECT_EQ(read.netscape(false, now), text);
    EXPECT_EQ(read.header("https://www.example.org/a/", now), "host=1; domain=2");
    EXPECT_EQ(read.header("http://x.example.org/", now), "domain=2");
    EXPECT_EQ(read.header("http://[::1]/", now), "six=6");
}

TEST(CookieFile, IsReadAsOthersWriteIt) {
    CookieJar jar;
    const CookieLines lines = jar.add_netscape("# HTTP Cookie File\r\n"
                                               "\r\n"
                                               "example.org\tTRUE\t/\tFALSE\t0\tcurl\ta b\r\n"
                                               ".example.org\tTRUE\t/\tFALSE\t99999999999999\tlate\t\n"
                                               "Example.ORG.\tFALSE\t/\tTRUE\t1800000000\tempty\n"
                                               ".Example.NET\tTRUE\t/\tFALSE\t0\tupper\tU\n"
                                               "example.org\tFALSE\t/\tFALSE\t5\texpired\tx\n"
                                               "#example.org\tFALSE\t/\tFALSE\t0\tcomment\tx",
                                               now);
    EXPECT_EQ(lines.cookies, 5U);
    EXPECT_EQ(lines.ignored, 0U);
    EXPECT_EQ(jar.header("http://www.example.org/", now), "curl=a b; late=");
    EXPECT_EQ(jar.header("http://www.example.net/", now), "upper=U");
    EXPECT_EQ(jar.header("https://example.org/", now), "curl=a b; late=; empty=");
    EXPECT_EQ(jar.header("https://example.org/", now + std::chrono::hours(24 * 401)), "curl=a b") << "400 days at most";
}

TEST(CookieFile, CannotDoMoreThanAServer) {
    CookieJar jar({.per_domain = 10, .cookies = 20});
    jar.add_netscape("com\tTRUE\t/\tFALSE\t0\ta\tb\n", now);
    EXPECT_EQ(jar.header("http://example.com/", now), "") << "a public suffix";
    jar.clear();
    for (const char* line :
         {"example.org", "example.org\tTRUE\t/\tFALSE\t0", "example.org\tTRUE\t/\tFALSE\t0\ta\tb\tc",
          "example.org\tTRUE\t/\tFALSE\t-1\ta\tb", "example.org\tTRUE\t/\tFALSE\tsoon\ta\tb",
          "example.org\tTRUE\tpath\tFALSE\t0\ta\tb", "example.org\tTRUE\t/\tFALSE\t0\t\tb",
          "example.org\tTRUE\t/\tFALSE\t0\ta\tb; Domain=x", "example.org\tTRUE\t/; Secure\tFALSE\t0\ta\tb",
          "example.org\tTRUE\t/\tFALSE\t0\ta=b\tc", "\tTRUE\t/\tFALSE\t0\ta\tb", "a b\tTRUE\t/\tFALSE\t0\ta\tb",
          "user@host\tTRUE\t/\tFALSE\t0\ta\tb", "example.org\tTRUE\t/\tFALSE\t0\t__Secure-a\tb",
          "example.org\tTRUE\t/\tTRUE\t0\t__Host-a\tb", "example.org\tFALSE\t/a\tTRUE\t0\t__Host-a\tb",
          "example.org; Secure\tTRUE\t/\tFALSE\t0\ta\tb", "example.org/x\tTRUE\t/\tFALSE\t0\ta\tb",
          "example.org\tTRUE\t/\tFALSE\t0\ta\tb\x01"}) {
        const CookieLines lines = jar.add_netscape(line, now);
        EXPECT_EQ(lines.cookies, 0U) << line;
        EXPECT_EQ(lines.ignored, 1U) << line;
        EXPECT_EQ(jar.size(), 0U) << line;
    }
    EXPECT_EQ(jar.add_netscape("example.org\tFALSE\t/\tTRUE\t0\t__Host-a\tb\n", now).cookies, 1U);
    EXPECT_EQ(jar.header("https://www.example.org/", now), "") << "the host's alone";
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += "h" + std::to_string(i % 10) + ".test\tFALSE\t/\tFALSE\t0\tn" + std::to_string(i) + "\tv\n";
    }
    jar.add_netscape(many, now);
    EXPECT_LE(jar.size(), 20U);
}

TENDRIL_TEST(CookieFile, IsReplacedWhole) {
    const testing::TemporaryFolder folder;
    const std::string path = folder.path("cookies.txt");
    CookieJar jar;
    EXPECT_EQ(testing::errno_of([&] { load_cookies(jar, path); }), ENOENT);
    jar.store("https://example.org/", {{"Set-Cookie", "a=1; Max-Age=100"}});
    save_cookies(jar, path);
    const std::string first = content_of(path);
    struct stat about {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    CookieJar read;
    EXPECT_EQ(load_cookies(read, path).cookies, 1U);
    EXPECT_EQ(read.header("https://example.org/"), "a=1");

    jar.store("https://example.org/", {{"Set-Cookie", "b=2; Max-Age=100"}});
    EXPECT_EQ(testing::errno_of([&] { save_cookies(jar, folder.path("none/cookies.txt")); }), ENOENT);
    {
        const testing::Faults full({{.call = sys::Call::pwrite, .fault = ENOSPC}});
        EXPECT_EQ(testing::errno_of([&] { save_cookies(jar, path); }), ENOSPC);
    }
    EXPECT_EQ(content_of(path), first);
    EXPECT_EQ(folder.count(), 1U) << "nothing half-done is left";
    save_cookies(jar, path);
    EXPECT_NE(content_of(path), first);
    EXPECT_EQ(folder.count(), 1U);

    folder.write("page.html", "<html>\n<body>\n");
    EXPECT_THROW(load_cookies(read, folder.path("page.html")), std::runtime_error);
    folder.write("empty", "# nothing\n");
    EXPECT_EQ(load_cookies(read, folder.path("empty")).cookies, 0U);
    folder.write("large", std::string(longest_cookie_file + 1, '#'));
    EXPECT_THROW(load_cookies(read, folder.path("large")), std::runtime_error);
    EXPECT_EQ(testing::errno_of([&] { load_cookies(read, folder.path()); }), EISDIR);
}

// Parsed elsewhere: under this jar's limits, and the cookies that it has already stay.
TENDRIL_TEST(CookieFile, IsAddedToWhatTheJarHas) {
    const testing::TemporaryFolder folder;
    std::string many;
    for (int i = 0; i < 4000; ++i) {
        const std::string n = std::to_string(i);
        many += "h" + n + ".test\tFALSE\t/\tFALSE\t" + (i % 2 == 0 ? "0" : "99999999999") + "\tn\t" + n + "\n";
    }
    folder.write("many", many + "short\n");
    for (const std::size_t most : {std::size_t{5000}, std::size_t{100}}) {
        CookieJar jar({.cookies = most});
        jar.store("http://h7.test/", {{"Set-Cookie", "n=old"}, {"Set-Cookie", "m=1"}});
        const CookieLines lines = load_cookies(jar, folder.path("many"));
        EXPECT_EQ(lines.cookies, 4000U);
        EXPECT_EQ(lines.ignored, 1U);
        EXPECT_EQ(jar.size(), most == 100 ? 100U : 4001U);
        EXPECT_EQ(jar.header("http://h7.test/"), most == 100 ? "" : "n=7; m=1");
        EXPECT_EQ(jar.header("http://h3998.test/"), "n=3998") << "the session's";
    }
}

// The job in the thread pool goes on: the file is then replaced whole, or not at all.
TENDRIL_TEST(CookieFile, AnInterruptedCallLeavesTheJarAndTheFileWhole) {
    const testing::TemporaryFolder folder;
    const std::string path = folder.path("cookies.txt");
    CookieJar jar;
    jar.store("https://example.org/", {{"Set-Cookie", "a=1; Max-Age=100"}});
    save_cookies(jar, path);
    jar.store("https://example.org/", {{"Set-Cookie", "b=2; Max-Age=100"}});
    CookieJar read;
    sys::Fault slow;
    slow.delay_ns = 20'000'000;
    const auto interrupted = [&](const auto& call) {
        for (const bool kill : {false, true}) {
            const testing::Faults faults({{.call = sys::Call::open, .fault = slow}});
            if (kill) {
                auto victim = spawn([&] { call(never); });
                yield();
                victim.kill();
            } else {
                EXPECT_THROW(call(Deadline(1ms)), TimeoutError);
            }
            testing::until_keeping_alive(0);  // the job has ended, or was recalled before it began
        }
    };
    interrupted([&](Deadline deadline) { load_cookies(read, path, deadline); });
    EXPECT_EQ(read.size(), 0U);
    interrupted([&](Deadline deadline) { save_cookies(jar, path, false, deadline); });
    EXPECT_EQ(folder.count(), 1U);
    const std::size_t found = load_cookies(read, path).cookies;
    EXPECT_TRUE(found == 1 || found == 2) << "the old one whole, or the new one: " << found;
    save_cookies(jar, path);
    EXPECT_EQ(load_cookies(read, path).cookies, 2U);
}

}  // namespace
}  // namespace tendril::http
