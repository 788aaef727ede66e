// SPDX-License-Identifier: MIT

#include <tendril/http/compression.hpp>

#include <gtest/gtest.h>

#include <string>

#include <tendril/event.hpp>
#include <tendril/http/server.hpp>

#include "green_test.hpp"
#include "http/message/deflate.hpp"
#include "http_server.hpp"

namespace tendril::http {
namespace {

using testing::get;
using testing::RawAnswer;
using testing::RawHttp;
using testing::Served;

std::string inflated(const std::string& coded) {
    detail::Inflater inflater(detail::Wrapping::gzip);
    std::string all;
    Bytes in(coded);
    char out[4096];
    while (const std::size_t n = inflater.inflate(in, out)) {
        all.append(out, n);
    }
    EXPECT_TRUE(inflater.ended());
    return all;
}

std::string page() {
    std::string text;
    for (int i = 0; i < 5000; ++i) {
        text += std::to_string(i * i) + ",\n";
    }
    return text;
}

void answer(Request& request, Response& response) {
    const std::string path(request.path());
    if (path == "/secret") {
        response.set("Cache-Control", "no-transform");
    }
    response.set("ETag", "\"1\"");
    if (path == "/pieces") {
        response.set("Content-Type", "text/csv");
        for (const char c : page()) {
            response.write({&c, 1});
        }
    } else if (path == "/flushed") {
        response.set("Content-Type", "text/plain");
        response.write("first");
        response.flush();
        response.write(page());
    } else if (path == "/collected") {
        response.set("Content-Type", "text/plain");
        response.write(std::string(3000, 'x'));
    } else {
        response.send(path == "/short" ? "short" : page(), path == "/image" ? "image/png" : "text/html; charset=utf-8");
    }
}

TEST(Compression, IsForText) {
    EXPECT_TRUE(is_compressible("text/html; charset=utf-8"));
    EXPECT_TRUE(is_compressible("application/json"));
    EXPECT_TRUE(is_compressible("application/problem+json"));
    EXPECT_TRUE(is_compressible("image/svg+xml"));
    EXPECT_FALSE(is_compressible("image/png"));
    EXPECT_FALSE(is_compressible("application/notjson"));
    EXPECT_FALSE(is_compressible("text/event-stream"));
    EXPECT_FALSE(is_compressible(""));
}

TENDRIL_TEST(Compression, OfWholeBodiesAndOfPieces) {
    Served served(&answer, {.compression = Compression()});
    RawHttp client = served.client();
    for (const char* path : {"/", "/pieces", "/flushed", "/collected"}) {
        SCOPED_TRACE(path);
        const RawAnswer coded = client.ask(get(path, "Accept-Encoding: gzip\r\n"));
        EXPECT_EQ(coded.header("Content-Encoding"), "gzip");
        EXPECT_EQ(coded.header("Vary"), "Accept-Encoding");
        EXPECT_EQ(coded.header("ETag"), "W/\"1\"");
        const RawAnswer plain = client.ask(get(path));
        EXPECT_EQ(plain.header("Content-Encoding"), std::nullopt);
        EXPECT_EQ(plain.header("Vary"), "Accept-Encoding") << "for caches, whichever client asks";
        EXPECT_EQ(plain.header("ETag"), "\"1\"");
        EXPECT_EQ(inflated(coded.body), plain.body);
        EXPECT_LT(coded.body.size(), plain.body.size());
    }
}

TENDRIL_TEST(Compression, LeavesAloneWhatItShould) {
    Served served(&answer, {.compression = Compression()});
    RawHttp client = served.client();
    for (const char* path : {"/short", "/image", "/secret"}) {
        EXPECT_EQ(client.ask(get(path, "Accept-Encoding: gzip\r\n")).header("Content-Encoding"), std::nullopt) << path;
    }
    EXPECT_EQ(client.ask(get("/", "Accept-Encoding: gzip;q=0\r\n")).header("Content-Encoding"), std::nullopt);
    client.send("HEAD / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n");
    const RawAnswer head = client.read(true);
    EXPECT_EQ(head.header("Content-Encoding"), "gzip");
    EXPECT_EQ(head.header("Content-Length"),
              client.ask(get("/", "Accept-Encoding: gzip\r\n")).header("Content-Length"));
}

TENDRIL_TEST(Compression, WhatIsFlushedCanBeRead) {
    Served served(
        [](Request&, Response& response) {
            response.set("Content-Type", "text/plain");
            response.write("first");
            response.flush();
            Event().wait();
        },
        {.compression = Compression()});
    RawHttp client = served.client();
    client.send(get("/", "Accept-Encoding: gzip\r\n"));
    while (client.in.read_line().value_or("") != "") {
    }
    std::string chunk(std::stoul(client.in.read_line().value(), nullptr, 16), '\0');
    client.in.recv_exactly(chunk);
    detail::Inflater inflater(detail::Wrapping::gzip);
    Bytes in(chunk);
    char out[100];
    EXPECT_EQ(std::string(out, inflater.inflate(in, out)), "first");
}

}  // namespace
}  // namespace tendril::http
