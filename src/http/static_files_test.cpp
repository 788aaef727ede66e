// SPDX-License-Identifier: MIT

#include <tendril/http/static_files.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <tendril/thread_pool.hpp>

#include "ask_http.hpp"
#include "folder.hpp"
#include "green_test.hpp"
#include "http/static_open.hpp"

namespace tendril::http {
namespace {

namespace fs = std::filesystem;
using testing::body_of;
using testing::header_of;
using testing::HttpServer;
using testing::status_of;
using testing::TemporaryFolder;

TENDRIL_TEST(StaticFiles, ServesFilesWithTheirTypes) {
    const TemporaryFolder folder;
    folder.write("a b.html", "<p>");
    folder.write("sub/index.html", "index");
    folder.write("sub/data.json", "{}");
    folder.write("empty.bin", "");
    const HttpServer server(StaticFiles(folder.path(), {.cache_control = "max-age=60"}));
    const std::string page = server.ask("GET /a%20b.html?x");
    EXPECT_EQ(status_of(page), 200);
    EXPECT_EQ(body_of(page), "<p>");
    EXPECT_EQ(header_of(page, "Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(header_of(page, "Content-Length"), "3");
    EXPECT_EQ(header_of(page, "Cache-Control"), "max-age=60");
    EXPECT_EQ(header_of(page, "Accept-Ranges"), "bytes");
    EXPECT_EQ(body_of(server.ask("GET /sub/")), "index");
    EXPECT_EQ(header_of(server.ask("GET /sub/data.json"), "Content-Type"), "application/json");
    const std::string empty = server.ask("GET /empty.bin");
    EXPECT_EQ(status_of(empty), 200);
    EXPECT_EQ(header_of(empty, "Content-Length"), "0");
    const std::string head = server.ask("HEAD /a%20b.html", "Range: bytes=0-0\r\n");
    EXPECT_EQ(status_of(head), 200);
    EXPECT_EQ(header_of(head, "Content-Length"), "3");
    EXPECT_EQ(body_of(head), "");
}

TENDRIL_TEST(StaticFiles, AnswersWhatIsNoFile) {
    const TemporaryFolder folder;
    folder.write("sub/a", "");
    folder.write(".secret", "x");
    ::mkfifo(folder.path("fifo").c_str(), 0600);
    const HttpServer server(StaticFiles(folder.path()));
    for (const char* path : {"/none", "/sub/", "/sub/none", "/sub/a/", "/sub/a/b", "/.secret", "/../x", "/%2e%2e/x",
                             "/a%00", "/fifo", "/%zz"}) {
        EXPECT_EQ(status_of(server.ask(std::string("GET ") + path)), 404) << path;
    }
    const std::string redirect = server.ask("GET /sub?a=b");
    EXPECT_EQ(status_of(redirect), 301);
    EXPECT_EQ(header_of(redirect, "Location"), "/sub/?a=b");
    const std::string post = server.ask("POST /sub/a", "Content-Length: 0\r\n");
    EXPECT_EQ(status_of(post), 405);
    EXPECT_EQ(header_of(post, "Allow"), "GET, HEAD");
}

TENDRIL_TEST(StaticFiles, FollowNoLinkOutOfTheFolder) {
    const TemporaryFolder outside;
    outside.write("secret", "x");
    const TemporaryFolder folder;
    folder.write("a", "inside");
    folder.write("sub/b", "b");
    fs::create_symlink(outside.path(), folder.path("out"));
    fs::create_symlink(outside.path("secret"), folder.path("file"));
    fs::create_symlink("../" + fs::path(outside.path()).filename().string() + "/secret", folder.path("up"));
    fs::create_symlink("loop", folder.path("loop"));
    fs::create_symlink("../a", folder.path("sub/in"));
    const HttpServer server(StaticFiles(folder.path()));
    for (const char* path : {"/out/secret", "/out", "/file", "/up", "/loop"}) {
        EXPECT_EQ(status_of(server.ask(std::string("GET ") + path)), 404) << path;
    }
    EXPECT_EQ(body_of(server.ask("GET /sub/in")), "inside");

    const Fd root(sys::open(folder.path().c_str(), O_PATH | O_DIRECTORY));
    EXPECT_TRUE(detail::walk_below(root.get(), "").is_open());
    EXPECT_TRUE(detail::walk_below(root.get(), "a").is_open());
    EXPECT_TRUE(detail::walk_below(root.get(), "sub/b").is_open());
    for (const char* path : {"out/secret", "out", "file", "up", "loop", "sub/in", "none", "a/b"}) {
        EXPECT_FALSE(detail::walk_below(root.get(), path).is_open()) << path;
    }
}

TENDRIL_TEST(StaticFiles, SendsRanges) {
    const TemporaryFolder folder;
    folder.write("a.txt", "0123456789");
    const HttpServer server(StaticFiles(folder.path()));
    const std::string one = server.ask("GET /a.txt", "Range: bytes=2-4\r\n");
    EXPECT_EQ(status_of(one), 206);
    EXPECT_EQ(header_of(one, "Content-Range"), "bytes 2-4/10");
    EXPECT_EQ(body_of(one), "234");

    const std::string two = server.ask("GET /a.txt", "Range: bytes=0-1,-2\r\n");
    EXPECT_EQ(status_of(two), 206);
    const std::string type = header_of(two, "Content-Type");
    ASSERT_TRUE(type.starts_with("multipart/byteranges; boundary=")) << type;
    const std::string boundary = type.substr(type.find('=') + 1);
    EXPECT_EQ(
        body_of(two),
        "--" + boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n--" +
            boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n--" +
            boundary + "--\r\n");
    EXPECT_EQ(header_of(two, "Content-Length"), std::to_string(body_of(two).size()));

    const std::string beyond = server.ask("GET /a.txt", "Range: bytes=10-\r\n");
    EXPECT_EQ(status_of(beyond), 416);
    EXPECT_EQ(header_of(beyond, "Content-Range"), "bytes */10");
}

TENDRIL_TEST(StaticFiles, AnswerConditions) {
    const TemporaryFolder folder;
    folder.write("a", "1");
    const HttpServer server(StaticFiles(folder.path()));
    const std::string first = server.ask("GET /a");
    const std::string etag = header_of(first, "ETag");
    const std::string modified = header_of(first, "Last-Modified");
    const std::string same = server.ask("GET /a", "If-None-Match: " + etag + "\r\n");
    EXPECT_EQ(status_of(same), 304);
    EXPECT_EQ(header_of(same, "ETag"), etag);
    EXPECT_EQ(body_of(same), "");
    EXPECT_EQ(status_of(server.ask("GET /a", "If-Modified-Since: " + modified + "\r\n")), 304);
    EXPECT_EQ(status_of(server.ask("GET /a", "If-Match: \"x\"\r\n")), 412);
    EXPECT_EQ(status_of(server.ask("GET /a", "Range: bytes=0-\r\nIf-Range: " + etag + "\r\n")), 206);
    folder.write("a", "22");
    EXPECT_EQ(body_of(server.ask("GET /a", "If-None-Match: " + etag + "\r\n")), "22");
    fs::last_write_time(folder.path("a"), fs::file_time_type::clock::now() + std::chrono::hours(1));
    EXPECT_EQ(header_of(server.ask("GET /a"), "Last-Modified"), "") << "it would be younger than the answer";
}

TENDRIL_TEST(StaticFiles, SendWhatWasCompressedBefore) {
    const TemporaryFolder folder;
    folder.write("a.css", "plain");
    folder.write("a.css.gz", "compressed");
    folder.write("b.css", "new");
    folder.write("b.css.gz", "old");
    fs::last_write_time(folder.path("b.css.gz"), fs::last_write_time(folder.path("b.css")) - std::chrono::hours(1));
    const HttpServer server(StaticFiles(folder.path(), {.precompressed = true}));
    const std::string gzip = "Accept-Encoding: gzip\r\n";
    const std::string answer = server.ask("GET /a.css", gzip);
    EXPECT_EQ(body_of(answer), "compressed");
    EXPECT_EQ(header_of(answer, "Content-Encoding"), "gzip");
    EXPECT_EQ(header_of(answer, "Content-Type"), "text/css; charset=utf-8");
    EXPECT_EQ(header_of(answer, "Vary"), "Accept-Encoding");
    const std::string plain = server.ask("GET /a.css");
    EXPECT_EQ(body_of(plain), "plain");
    EXPECT_EQ(header_of(plain, "Vary"), "Accept-Encoding");
    EXPECT_NE(header_of(plain, "ETag"), header_of(answer, "ETag"));
    EXPECT_EQ(body_of(server.ask("GET /b.css", gzip)), "new");
    const HttpServer without(StaticFiles(folder.path()));
    EXPECT_EQ(body_of(without.ask("GET /a.css", gzip)), "plain");
}

TENDRIL_TEST(StaticFiles, ListFoldersWhenAsked) {
    const TemporaryFolder folder;
    folder.write("sub/a.txt", "");
    folder.write("sub/.hidden", "");
    folder.write("sub/deeper/b", "");
    const HttpServer server(StaticFiles(folder.path(), {.prefix = "/f/", .listing = true}));
    const std::string page = server.ask("GET /f/sub/");
    EXPECT_EQ(status_of(page), 200);
    EXPECT_NE(body_of(page).find("<h1>/f/sub/</h1>"), std::string::npos) << page;
    EXPECT_NE(body_of(page).find("./a.txt"), std::string::npos);
    EXPECT_NE(body_of(page).find("./deeper/"), std::string::npos);
    EXPECT_EQ(body_of(page).find("hidden"), std::string::npos);
    EXPECT_EQ(header_of(server.ask("GET /f/sub"), "Location"), "/f/sub/");
    EXPECT_EQ(status_of(server.ask("GET /sub/")), 404);
}

TEST(StaticFilesTest, refuseWhatCannotBe) {
    EXPECT_THROW(StaticFiles("/no/such/folder"), std::system_error);
    EXPECT_THROW(StaticFiles("/", {.prefix = "/a"}), std::invalid_argument);
    EXPECT_THROW(StaticFiles("/", {.prefix = "a/"}), std::invalid_argument);
    EXPECT_THROW(StaticFiles("/", {.index = "a/b"}), std::invalid_argument);
}

}  // namespace
}  // namespace tendril::http
