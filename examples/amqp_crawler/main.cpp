// SPDX-License-Identifier: MIT
//
// The crawler of ../pool_imap.cpp, but the pages are fetched by worker processes, which may be on other machines. One
// of them is killed on the way, and nothing is missing. Usage: example_amqp_crawler [URL of the broker]

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>

#include <tendril/amqp/client.hpp>
#include <tendril/amqp/pool.hpp>
#include <tendril/amqp/worker.hpp>
#include <tendril/queue.hpp>

#include "site.hpp"
#include "tasks.hpp"
#include "workers.hpp"

static void crawl(const std::string& broker) {
    Site site;
    Workers workers(broker);
    tendril::amqp::Client client(broker);
    tendril::amqp::Pool pool(client, "pages");

    const std::string start = site.url() + "/";
    tendril::Queue<std::string> found;
    std::set<std::string> seen{start};
    found.put(start);
    std::size_t done = 0;
    for (const Page& page : pool.imap(fetch_page, found)) {
        std::printf("%d %s\n", page.status, page.url.c_str() + site.url().size());
        for (const std::string& link : page.links) {
            if (seen.insert(link).second) {
                found.put(link);
            }
        }
        if (++done == 4) {
            workers.kill_one();
        }
        if (done == seen.size()) {
            found.shutdown();
        }
    }
}

int main(int argc, char** argv) {
    if (argc > 1 && std::string_view(argv[1]) == "worker") {
        return tendril::amqp::worker_main(argc - 1, argv + 1, {fetch_page});
    }
    crawl(argc > 1 ? argv[1] : "amqp://localhost");
}
