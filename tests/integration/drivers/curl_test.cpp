// SPDX-License-Identifier: MIT
//
// libcurl against slow_http.py, whose port the environment names. With a name libcurl asks getaddrinfo(3) in a thread
// of its own.

#include <curl/curl.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "driver_test.hpp"

namespace tendril::testing {
namespace {

// Otherwise the first handles do it, under a lock that spins: docs/caveats.md.
[[maybe_unused]] const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);

std::size_t append_to(const char* data, std::size_t size, std::size_t count, void* body) {
    static_cast<std::string*>(body)->append(data, size * count);
    return size * count;
}

struct Cleanup {
    void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, Cleanup>;

Handle request(const std::string& url, std::string& body) {
    Handle handle(curl_easy_init());
    curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &append_to);
    curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle.get(), CURLOPT_NOPROXY, "*");
    return handle;
}

std::string url(const std::string& host, const std::string& path) {
    return "http://" + host + ":" + std::to_string(port_in("TENDRIL_TEST_HTTP_PORT")) + path;
}

struct Curl {
    static constexpr const char* library = "libcurl";
    using Session = Handle;

    static std::string fetch(const Session& session, const std::string& url, CURLcode& code) {
        std::string body;
        curl_easy_setopt(session.get(), CURLOPT_URL, url.c_str());
        curl_easy_setopt(session.get(), CURLOPT_WRITEDATA, &body);
        code = curl_easy_perform(session.get());
        return body;
    }

    static Session connect() {
        std::string body;
        Session session = request(url("127.0.0.1", "/"), body);
        if (const CURLcode code = curl_easy_perform(session.get()); code != CURLE_OK) {
            throw std::runtime_error(curl_easy_strerror(code));
        }
        return session;
    }

    // The server knows 0.2 s, nothing at all, and an hour.
    static bool wait(const Session& session, int ms) {
        CURLcode code = CURLE_OK;
        const char* path = ms > 1000 ? "/silent" : ms < 100 ? "/" : "/slow";
        return fetch(session, url("127.0.0.1", path), code) == (ms < 100 ? "ready" : "slow") && code == CURLE_OK;
    }

    static std::string connect_to(int port) {
        std::string body;
        const Handle handle = request("http://127.0.0.1:" + std::to_string(port), body);
        curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, 1000L);
        const CURLcode code = curl_easy_perform(handle.get());
        return code == CURLE_OK ? "" : curl_easy_strerror(code);
    }
};

TENDRIL_DRIVER_TESTS(Curl)

TEST_F(CurlTest, by_a_name_with_its_resolver_thread) {
    int right = 0;
    const auto took = in_green_threads(crowd, [&](int) {
        std::string body;
        const Handle handle = request(url("localhost", "/slow"), body);
        EXPECT_EQ(curl_easy_perform(handle.get()), CURLE_OK);
        EXPECT_EQ(count_os_threads(), 1U);
        right += body == "slow" ? 1 : 0;
    });
    EXPECT_EQ(right, crowd);
    EXPECT_LE(took, 5s);
}

TEST_F(CurlTest, large_bodies) {
    in_green_threads(20, [](int) {
        CURLcode code = CURLE_OK;
        const auto session = Curl::connect();
        const std::string body = Curl::fetch(session, url("127.0.0.1", "/large"), code);
        EXPECT_EQ(code, CURLE_OK);
        ASSERT_EQ(body.size(), 500'000U);
        for (std::size_t i = 0; i < body.size(); ++i) {
            ASSERT_EQ(body[i], static_cast<char>('a' + i % 26)) << i;
        }
    });
}

// Many transfers of one green thread, while another runs.
TEST_F(CurlTest, multi_interface) {
    const std::unique_ptr<CURLM, decltype(&curl_multi_cleanup)> multi(curl_multi_init(), &curl_multi_cleanup);
    std::vector<std::string> bodies(50);
    std::vector<Handle> handles;
    for (std::string& body : bodies) {
        handles.push_back(request(url("localhost", "/slow"), body));
        curl_multi_add_handle(multi.get(), handles.back().get());
    }
    int ticks = 0;
    const auto ticker = spawn([&] {
        for (;; ++ticks) {
            sleep(10ms);
        }
    });
    const auto begin = Clock::now();
    for (int running = 1; running != 0;) {
        ASSERT_EQ(curl_multi_perform(multi.get(), &running), CURLM_OK);
        if (running != 0) {
            ASSERT_EQ(curl_multi_poll(multi.get(), nullptr, 0, 1000, nullptr), CURLM_OK);
        }
    }
    EXPECT_LE(Clock::now() - begin, 3s);
    ticker.kill();
    EXPECT_GE(ticks, 5);
    for (std::size_t i = 0; i < bodies.size(); ++i) {
        EXPECT_EQ(bodies[i], "slow");
        curl_multi_remove_handle(multi.get(), handles[i].get());
    }
}

TEST_F(CurlTest, a_name_that_does_not_exist) {
    in_green_threads(5, [](int) {
        std::string body;
        const Handle handle = request("http://nothing.invalid/", body);
        curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, 10'000L);
        const CURLcode code = curl_easy_perform(handle.get());
        EXPECT_TRUE(code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_OPERATION_TIMEDOUT) << code;
    });
}

}  // namespace
}  // namespace tendril::testing
