// SPDX-License-Identifier: MIT
//
// ContextLocal: what belongs to a whole job is seen by all green threads and OS threads that work on it.

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <tendril/context_local.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/pool.hpp>
#include <tendril/thread_pool.hpp>

using namespace std::chrono_literals;

const tendril::ContextLocal<std::string> request("no request");

void log(const std::string& text) {
    std::printf("[%s] %s\n", request->c_str(), text.c_str());
}

void handle(const std::string& id) {
    const tendril::ContextLocal<std::string>::Scope here(request, id);
    tendril::Pool pool(2);
    for (const std::string& part : pool.imap(
             [](const std::string& name) {
                 log("fetches " + name);
                 return name;
             },
             std::vector<std::string>{"head", "body"})) {
        log("has " + part);
    }
    tendril::offload([] { log("compresses on another OS thread"); });
}

int main() {
    tendril::spawn(handle, "request 1").join();
    tendril::spawn(handle, "request 2").join();
    log("main is in no request");
}
