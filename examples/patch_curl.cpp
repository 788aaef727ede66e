// SPDX-License-Identifier: MIT
//
// patch::library with libcurl's easy interface: 200 green threads fetch a page that the server takes 0.2 s for, by a
// name, which libcurl resolves in a thread of its own: that is a green thread, too. The port is in the environment.

#include <curl/curl.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>

#include <tendril/group.hpp>
#include <tendril/patch/patch.hpp>

using namespace std::chrono_literals;

std::size_t ignore(const char*, std::size_t size, std::size_t count, void*) {
    return size * count;
}

void fetch(const std::string& url) {
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> request(curl_easy_init(), &curl_easy_cleanup);
    curl_easy_setopt(request.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(request.get(), CURLOPT_WRITEFUNCTION, &ignore);
    curl_easy_setopt(request.get(), CURLOPT_NOSIGNAL, 1L);
    if (const CURLcode code = curl_easy_perform(request.get()); code != CURLE_OK) {
        throw std::runtime_error(curl_easy_strerror(code));
    }
}

int main() {
    tendril::patch::library("libcurl");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const std::string url = std::string("http://localhost:") + std::getenv("TENDRIL_TEST_HTTP_PORT") + "/slow";

    const auto begin = std::chrono::steady_clock::now();
    tendril::Group requests;
    for (int i = 0; i < 200; ++i) {
        requests.spawn(fetch, url);
    }
    requests.join();

    const bool together = std::chrono::steady_clock::now() - begin < 10s;
    const auto threads = std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
    std::printf("200 requests of 0.2 s on one OS thread: %s\n", together && threads == 1 ? "yes" : "no");
}
