// SPDX-License-Identifier: MIT

#include <tendril/http/multipart.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include <tendril/file.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/socket.hpp>

#include "errno_of.hpp"
#include "folder.hpp"
#include "green_test.hpp"
#include "until.hpp"

namespace tendril::http {
namespace {

using testing::TemporaryFolder;

constexpr const char* form_type = "multipart/form-data; boundary=b";

// Gives its text in small pieces.
class TextSource final : public Source {
public:
    explicit TextSource(std::string text, std::size_t piece = 5) : text_(std::move(text)), piece_(piece) {}
    std::size_t recv(Buffer buffer, Deadline /*deadline*/) override {
        const std::size_t n = text_.copy(reinterpret_cast<char*>(buffer.data()), std::min(buffer.size(), piece_), at_);
        at_ += n;
        return n;
    }
    void close() noexcept override {}
    bool is_open() const noexcept override { return true; }

private:
    std::string text_;
    std::size_t piece_;
    std::size_t at_ = 0;
};

std::string field(const std::string& name, const std::string& value) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

std::string file(const std::string& filename, const std::string& value) {
    return "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"" + filename +
           "\"\r\nContent-Type: image/png\r\n\r\n" + value + "\r\n";
}

int status_of(auto call) {
    try {
        call();
        return 200;
    } catch (const ProtocolError& e) {
        return e.status();
    }
}

TEST(Multipart, partsComeOneAfterTheOther) {
    TextSource source(field("a", "1") + file("x.png", "pixels") + "--b--");
    MultipartReader parts(source, form_type);
    auto part = parts.next();
    ASSERT_TRUE(part.has_value());
    EXPECT_EQ(part->name(), "a");
    EXPECT_EQ(part->filename(), std::nullopt);
    EXPECT_EQ(part->content_type(), "text/plain");
    EXPECT_EQ(part->read_all(), "1");
    EXPECT_EQ(part->read_all(), "");
    part = parts.next();
    ASSERT_TRUE(part.has_value());
    EXPECT_EQ(part->filename(), "x.png");
    EXPECT_EQ(part->content_type(), "image/png");
    EXPECT_EQ(part->headers().get("content-type"), "image/png");
    EXPECT_EQ(part->read_all(6), "pixels");
    EXPECT_FALSE(parts.next().has_value());
    EXPECT_FALSE(parts.next().has_value());
}

TEST(Multipart, whatWasNotReadIsSkipped) {
    TextSource source(field("a", std::string(100000, '\r')) + field("b", "2") + "--b--", 4000);
    MultipartReader parts(source, form_type);
    auto first = parts.next();
    char some[10];
    EXPECT_GT(first->recv(some), 0U);
    auto second = parts.next();
    EXPECT_THROW(first->recv(some), std::logic_error);
    EXPECT_EQ(second->name(), "b");
    EXPECT_FALSE(parts.next().has_value());
    EXPECT_THROW(second->recv(some), std::logic_error);
    second->close();
    EXPECT_FALSE(second->is_open());
    EXPECT_EQ(testing::errno_of([&] { second->recv(some); }), EBADF);
}

TEST(Multipart, thatEndsEarlyOrIsTooLargeIsRefused) {
    const auto all = [](const std::string& text, std::size_t most = 100) {
        TextSource source(text);
        MultipartReader parts(source, form_type, {.max_parts = 3});
        while (auto part = parts.next()) {
            part->read_all(most);
        }
    };
    EXPECT_EQ(status_of([&] { all(field("a", "1")); }), 400);
    EXPECT_EQ(status_of([&] { all(field("a", "1") + "--b"); }), 400);
    EXPECT_EQ(status_of([&] { all(""); }), 400);
    EXPECT_EQ(status_of([&] { all(field("a", "123") + "--b--", 3); }), 200);
    EXPECT_EQ(status_of([&] { all(field("a", "123") + "--b--", 2); }), 413);
    EXPECT_EQ(status_of([&] { all(field("a", "1") + field("a", "1") + field("a", "1") + field("a", "1")); }), 413);
    EXPECT_EQ(status_of([&] { all("--b\r\n\r\nno name\r\n--b--"); }), 400);
}

TEST(Multipart, afterAnErrorNothingIsRead) {
    TextSource source("--b\r\n\r\nno name\r\n" + field("a", "1") + "--b--");
    MultipartReader parts(source, form_type);
    EXPECT_EQ(status_of([&] { parts.next(); }), 400);
    EXPECT_EQ(status_of([&] { parts.next(); }), 400);
}

TEST(Multipart, ofOtherKindsNeedNoNames) {
    TextSource source("--b\r\n\r\n1\r\n--b\r\nContent-Type: a/b\r\n\r\n2\r\n--b--");
    MultipartReader parts(source, "multipart/mixed; boundary=\"b\"");
    EXPECT_EQ(parts.next()->read_all(), "1");
    EXPECT_EQ(parts.next()->content_type(), "a/b");
    EXPECT_FALSE(parts.next().has_value());
}

TENDRIL_TEST(Multipart, FilesAreSavedWithoutOverwriting) {
    const TemporaryFolder folder;
    const std::string large(300000, 'x');
    TextSource source(file("../x.png", large) + file("x.png", "2") + file("", "3") + field("a", "4") + "--b--", 9000);
    MultipartReader parts(source, form_type);
    EXPECT_EQ(parts.next()->save_in(folder.path(), large.size()), folder.path() + "/x.png");
    const std::string second = parts.next()->save_in(folder.path(), 10);
    EXPECT_TRUE(second.starts_with(folder.path() + "/x-") && second.ends_with(".png")) << second;
    EXPECT_EQ(parts.next()->save_in(folder.path(), 10), folder.path() + "/upload");
    EXPECT_EQ(parts.next()->save(folder.path() + "/upload", 10), 1U);
    EXPECT_EQ(folder.count(), 3U);
    EXPECT_EQ(std::filesystem::file_size(folder.path() + "/x.png"), large.size());
    EXPECT_EQ(File::open(folder.path() + "/upload").size(), 1U);
}

TENDRIL_TEST(Multipart, WhatCannotBeSavedWholeIsRemoved) {
    const TemporaryFolder folder;
    TextSource source(file("a", "12345") + file("b", "unfinished"));
    MultipartReader parts(source, form_type);
    EXPECT_EQ(status_of([&] { parts.next()->save_in(folder.path(), 4); }), 413);
    EXPECT_EQ(status_of([&] { parts.next()->save(folder.path() + "/c", 400); }), 400);
    EXPECT_EQ(folder.count(), 0U);
    EXPECT_EQ(status_of([&] { parts.next(); }), 400);
}

TENDRIL_TEST(Multipart, AKillWhileItWaitsLosesNothingOfAPart) {
    auto [ours, theirs] = TcpSocket::pair();
    MultipartReader parts(ours, form_type);
    theirs.send_all(field("a", "").substr(0, 30));
    auto reader = spawn([&] { parts.next(); });
    testing::until_waiting_for_io(1);
    reader.kill();
    theirs.send_all(field("a", "12345").substr(30) + "--b--");
    EXPECT_EQ(parts.next()->read_all(), "12345");
    EXPECT_FALSE(parts.next().has_value());
}

TENDRIL_TEST(Multipart, AKillWhileItSavesRemovesTheFile) {
    const TemporaryFolder folder;
    auto [ours, theirs] = TcpSocket::pair();
    MultipartReader parts(ours, form_type);
    theirs.send_all(file("x", "some of it"));
    auto part = parts.next();
    auto saver = spawn([&] { part->save_in(folder.path(), 100); });
    testing::until_waiting_for_io(1);
    EXPECT_EQ(folder.count(), 1U);
    saver.kill();
    EXPECT_EQ(folder.count(), 0U);
}

}  // namespace
}  // namespace tendril::http
