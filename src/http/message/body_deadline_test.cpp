// SPDX-License-Identifier: MIT
//
// A deadline that passes while a request's body is read is the client's fault, whichever loop over the body notices it:
// 408, and not an error of the handler's.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <tendril/buffered.hpp>
#include <tendril/error.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/http/multipart.hpp>
#include <tendril/http/wsgi.hpp>

#include "endless_stream.hpp"
#include "folder.hpp"
#include "green_test.hpp"
#include "http/message/body_reader.hpp"
#include "http_server.hpp"
#include "until.hpp"

using namespace std::chrono_literals;

namespace tendril::http {
namespace {

using testing::EndlessStream;
using testing::RawHttp;
using testing::Served;
using testing::TemporaryFolder;

constexpr auto soon = 5ms;
constexpr const char* form_type = "multipart/form-data; boundary=x";
const std::string part_head = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n";
constexpr std::size_t much = std::size_t{1} << 40;

// Returns: whether the TimeoutError of this work, which never has to wait, is attributed to the body.
bool is_blamed(const std::string& first, const std::string& again, const std::function<void(Body&)>& work) {
    EndlessStream stream(first, again);
    detail::Incoming incoming(stream);
    detail::BodyReader reader;
    reader.begin(incoming, {.kind = detail::Framing::Kind::until_close}, {}, nullptr);
    try {
        work(reader.body());
    } catch (const TimeoutError&) {
        return reader.threw(std::current_exception());
    }
    return false;
}

TENDRIL_TEST(BodyDeadline, IsTheBodysInEveryLoopOverIt) {
    const auto first_part = [](Body& body, auto use) {
        MultipartReader reader(body, form_type);
        std::optional<Part> part = reader.next(soon);
        use(*part, reader);
    };
    EXPECT_TRUE(is_blamed("", "x", [](Body& body) { body.read_all(much, soon); }));
    EXPECT_TRUE(is_blamed("", "x", [](Body& body) {
        std::string all(std::size_t{1} << 26, '\0');
        body.recv_exactly(all, 1ms);
    }));
    EXPECT_TRUE(is_blamed("", "x", [](Body& body) { BufferedReader(body, {.longest = much}).read_line(soon); }));
    EXPECT_TRUE(is_blamed("", "x", [](Body& body) { BufferedReader(body).read_all(much, soon); }));
    EXPECT_TRUE(is_blamed("", "x", [](Body& body) {
        BufferedReader in(body);
        BufferedReader(in).read_all(much, soon);
    })) << "one over another";
    EXPECT_TRUE(is_blamed(part_head, "abcd", [&](Body& body) {
        first_part(body, [](Part& part, MultipartReader&) { part.read_all(much, soon); });
    }));
    EXPECT_TRUE(is_blamed(part_head, "abcd", [&](Body& body) {
        first_part(body, [](Part&, MultipartReader& reader) { reader.next(soon); });
    })) << "while it is skipped";
    EXPECT_TRUE(is_blamed("--x", " ", [](Body& body) { MultipartReader(body, form_type).next(soon); }))
        << "blanks behind a delimiter";
    EXPECT_TRUE(is_blamed(part_head, "abcd", [&](Body& body) {
        first_part(body, [](Part& part, MultipartReader&) { BufferedReader(part).read_all(much, soon); });
    }));
}

TENDRIL_TEST(BodyDeadline, EndsTheSavingOfAPart) {
    const TemporaryFolder folder;
    EXPECT_TRUE(is_blamed(part_head, "abcd", [&](Body& body) {
        MultipartReader reader(body, form_type);
        std::optional<Part> part = reader.next();
        part->save(folder.path() + "/a", much, soon);
    }));
    EXPECT_EQ(folder.count(), 0U);
}

// The client never stops sending, so the saver never waits for it.
TENDRIL_TEST(BodyDeadline, AKillEndsTheSavingOfAPart) {
    const TemporaryFolder folder;
    EndlessStream parts(part_head, "abcd");
    MultipartReader reader(parts, form_type);
    std::optional<Part> part = reader.next();
    auto saver = spawn([&] { part->save(folder.path() + "/a", much); });
    while (folder.count() == 0) {
        sleep(1ms);
    }
    saver.kill();
    EXPECT_TRUE(saver.killed());
    EXPECT_EQ(folder.count(), 0U);
    testing::until_keeping_alive(0);  // until the write under way in the thread pool has ended
}

TENDRIL_TEST(BodyDeadline, OfAClientThatDripsIsAnswered408) {
    const TemporaryFolder folder;
    const std::vector<std::function<void(Request&)>> all{
        [](Request& request) { request.body().read_all(much, 20ms); },
        [](Request& request) {
            char buffer[1000];
            request.body().recv_exactly(buffer, 20ms);
        },
        [](Request& request) { BufferedReader(request.body()).read_until("the end", 20ms); },
        [](Request& request) { wsgi::Input(request.body()).read(20ms); },
        [&](Request& request) {
            MultipartReader reader(request.body(), form_type);
            reader.next(20ms)->save(folder.path() + "/a", much, 20ms);
        },
        [](Request& request) {
            MultipartReader reader(request.body(), form_type);
            reader.next(20ms);
            reader.next(20ms);
        },
    };
    for (const std::function<void(Request&)>& read : all) {
        Served served([&](Request& request, Response&) { read(request); });
        RawHttp client = served.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + part_head);
        auto dripping = spawn([&] {
            for (;;) {
                client.send("x");
                sleep(1ms);
            }
        });
        EXPECT_EQ(client.read().status, 408);
        dripping.kill();
        EXPECT_EQ(served.server.stats().errors, 0U);
        EXPECT_EQ(folder.count(), 0U);
    }
}

// drain() reports a rest that comes too slowly by TimeoutError, and one that is too long by false.
TENDRIL_TEST(BodyDeadline, OfARestThatIsSkippedIsATimeout) {
    EndlessStream stream("", "x");
    detail::Incoming incoming(stream);
    detail::BodyReader reader;
    reader.begin(incoming, {.kind = detail::Framing::Kind::until_close}, {}, nullptr);
    EXPECT_THROW(reader.drain(UINT64_MAX, soon), TimeoutError);
    EXPECT_FALSE(reader.drain(100, 1h)) << "too long";
}

}  // namespace
}  // namespace tendril::http
