// SPDX-License-Identifier: MIT

#include <tendril/http/static_files.hpp>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <tendril/thread_pool.hpp>

#include "folder.hpp"
#include "green_test.hpp"
#include "http/server/static_open.hpp"
#include "http_server.hpp"

namespace tendril::http {
namespace {

namespace fs = std::filesystem;
using testing::get;
using testing::post;
using testing::RawAnswer;
using testing::request;
using testing::Served;
using testing::TemporaryFolder;

TENDRIL_TEST(StaticFiles, ServesFilesWithTheirTypes) {
    const TemporaryFolder folder;
    folder.write("a b.html", "<p>");
    folder.write("sub/index.html", "index");
    folder.write("sub/data.json", "{}");
    folder.write("empty.bin", "");
    const Served served(StaticFiles(folder.path(), {.cache_control = "max-age=60"}));
    const RawAnswer page = served.ask(get("/a%20b.html?x"));
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.body, "<p>");
    EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(page.header("Content-Length"), "3");
    EXPECT_EQ(page.header("Cache-Control"), "max-age=60");
    EXPECT_EQ(page.header("Accept-Ranges"), "bytes");
    EXPECT_EQ(served.ask(get("/sub/")).body, "index");
    EXPECT_EQ(served.ask(get("/sub/data.json")).header("Content-Type"), "application/json");
    const RawAnswer empty = served.ask(get("/empty.bin"));
    EXPECT_EQ(empty.status, 200);
    EXPECT_EQ(empty.header("Content-Length"), "0");
    const std::string head = served.all(request("HEAD /a%20b.html", "Range: bytes=0-0\r\nConnection: close\r\n"));
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
    EXPECT_NE(head.find("\r\nContent-Length: 3\r\n"), std::string::npos) << head;
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TENDRIL_TEST(StaticFiles, AnswersWhatIsNoFile) {
    const TemporaryFolder folder;
    folder.write("sub/a", "");
    folder.write(".secret", "x");
    ::mkfifo(folder.path("fifo").c_str(), 0600);
    const Served served(StaticFiles(folder.path()));
    for (const char* path : {"/none", "/sub/", "/sub/none", "/sub/a/", "/sub/a/b", "/.secret", "/../x", "/%2e%2e/x",
                             "/a%00", "/fifo", "/%zz"}) {
        EXPECT_EQ(served.ask(get(path)).status, 404) << path;
    }
    const RawAnswer redirect = served.ask(get("/sub?a=b"));
    EXPECT_EQ(redirect.status, 301);
    EXPECT_EQ(redirect.header("Location"), "/sub/?a=b");
    const RawAnswer refused = served.ask(post("/sub/a", ""));
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.header("Allow"), "GET, HEAD");
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
    const Served served(StaticFiles(folder.path()));
    for (const char* path : {"/out/secret", "/out", "/file", "/up", "/loop"}) {
        EXPECT_EQ(served.ask(get(path)).status, 404) << path;
    }
    EXPECT_EQ(served.ask(get("/sub/in")).body, "inside");

    const Fd root(sys::open(folder.path(), O_PATH | O_DIRECTORY));
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
    const Served served(StaticFiles(folder.path()));
    const RawAnswer one = served.ask(get("/a.txt", "Range: bytes=2-4\r\n"));
    EXPECT_EQ(one.status, 206);
    EXPECT_EQ(one.header("Content-Range"), "bytes 2-4/10");
    EXPECT_EQ(one.body, "234");

    const RawAnswer two = served.ask(get("/a.txt", "Range: bytes=0-1,-2\r\n"));
    EXPECT_EQ(two.status, 206);
    const std::string type = two.header("Content-Type").value_or("");
    ASSERT_TRUE(type.starts_with("multipart/byteranges; boundary=")) << type;
    const std::string boundary = type.substr(type.find('=') + 1);
    EXPECT_EQ(
        two.body,
        "--" + boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n--" +
            boundary + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n--" +
            boundary + "--\r\n");
    EXPECT_EQ(two.header("Content-Length"), std::to_string(two.body.size()));

    const RawAnswer beyond = served.ask(get("/a.txt", "Range: bytes=10-\r\n"));
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(beyond.header("Content-Range"), "bytes */10");
}

TENDRIL_TEST(StaticFiles, AnswerConditions) {
    const TemporaryFolder folder;
    folder.write("a", "1");
    const Served served(StaticFiles(folder.path()));
    const RawAnswer first = served.ask(get("/a"));
    const std::string etag = first.header("ETag").value_or("");
    const std::string modified = first.header("Last-Modified").value_or("");
    const std::string same = served.all(get("/a", "Connection: close\r\nIf-None-Match: " + etag + "\r\n"));
    EXPECT_TRUE(same.starts_with("HTTP/1.1 304 ")) << same;
    EXPECT_NE(same.find("\r\nETag: " + etag + "\r\n"), std::string::npos) << same;
    EXPECT_TRUE(same.ends_with("\r\n\r\n")) << same;
    EXPECT_EQ(served.ask(get("/a", "If-Modified-Since: " + modified + "\r\n")).status, 304);
    EXPECT_EQ(served.ask(get("/a", "If-Match: \"x\"\r\n")).status, 412);
    EXPECT_EQ(served.ask(get("/a", "Range: bytes=0-\r\nIf-Range: " + etag + "\r\n")).status, 206);
    folder.write("a", "22");
    EXPECT_EQ(served.ask(get("/a", "If-None-Match: " + etag + "\r\n")).body, "22");
    fs::last_write_time(folder.path("a"), fs::file_time_type::clock::now() + std::chrono::hours(1));
    EXPECT_FALSE(served.ask(get("/a")).header("Last-Modified")) << "it would be younger than the answer";
}

TENDRIL_TEST(StaticFiles, SendWhatWasCompressedBefore) {
    const TemporaryFolder folder;
    folder.write("a.css", "plain");
    folder.write("a.css.gz", "compressed");
    folder.write("b.css", "new");
    folder.write("b.css.gz", "old");
    fs::last_write_time(folder.path("b.css.gz"), fs::last_write_time(folder.path("b.css")) - std::chrono::hours(1));
    const Served served(StaticFiles(folder.path(), {.precompressed = true}));
    const std::string gzip = "Accept-Encoding: gzip\r\n";
    const RawAnswer answer = served.ask(get("/a.css", gzip));
    EXPECT_EQ(answer.body, "compressed");
    EXPECT_EQ(answer.header("Content-Encoding"), "gzip");
    EXPECT_EQ(answer.header("Content-Type"), "text/css; charset=utf-8");
    EXPECT_EQ(answer.header("Vary"), "Accept-Encoding");
    const RawAnswer plain = served.ask(get("/a.css"));
    EXPECT_EQ(plain.body, "plain");
    EXPECT_EQ(plain.header("Vary"), "Accept-Encoding");
    EXPECT_NE(plain.header("ETag"), answer.header("ETag"));
    EXPECT_EQ(served.ask(get("/b.css", gzip)).body, "new");
    const Served without(StaticFiles(folder.path()));
    EXPECT_EQ(without.ask(get("/a.css", gzip)).body, "plain");
}

TENDRIL_TEST(StaticFiles, ListFoldersWhenAsked) {
    const TemporaryFolder folder;
    folder.write("sub/a.txt", "");
    folder.write("sub/.hidden", "");
    folder.write("sub/deeper/b", "");
    const Served served(StaticFiles(folder.path(), {.prefix = "/f/", .listing = true}));
    const RawAnswer page = served.ask(get("/f/sub/"));
    EXPECT_EQ(page.status, 200);
    EXPECT_NE(page.body.find("<h1>/f/sub/</h1>"), std::string::npos) << page.body;
    EXPECT_NE(page.body.find("./a.txt"), std::string::npos);
    EXPECT_NE(page.body.find("./deeper/"), std::string::npos);
    EXPECT_EQ(page.body.find("hidden"), std::string::npos);
    EXPECT_EQ(served.ask(get("/f/sub")).header("Location"), "/f/sub/");
    EXPECT_EQ(served.ask(get("/sub/")).status, 404);
}

TEST(StaticFilesTest, refuseWhatCannotBe) {
    EXPECT_THROW(StaticFiles("/no/such/folder"), std::system_error);
    EXPECT_THROW(StaticFiles("/", {.prefix = "/a"}), std::invalid_argument);
    EXPECT_THROW(StaticFiles("/", {.prefix = "a/"}), std::invalid_argument);
    EXPECT_THROW(StaticFiles("/", {.index = "a/b"}), std::invalid_argument);
}

}  // namespace
}  // namespace tendril::http
