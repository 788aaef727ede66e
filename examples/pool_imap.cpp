// SPDX-License-Identifier: MIT
//
// A crawler's use of imap, without a network: the input is a queue, which grows with what the results name. Three
// fetches at a time, pages in the order in which they were found. Walking the input waits: a green thread of its own
// does it.

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <tendril/pool.hpp>
#include <tendril/queue.hpp>

using Links = std::vector<std::string>;
static const std::map<std::string, Links> web = {
    {"/", {"/news", "/about", "/shop"}}, {"/news", {"/news/1", "/news/2"}}, {"/about", {"/", "/people"}},
    {"/shop", {"/news/2", "/basket"}},   {"/news/2", {"/news/1", "/late"}}, {"/people", {"/about"}},
};

int main() {
    const auto fetch = [](const std::string& name) {
        tendril::sleep(std::chrono::milliseconds(10 - name.size()));
        return std::pair(name, web.count(name) != 0 ? web.at(name) : Links());
    };
    tendril::Queue<std::string> found;
    std::set<std::string> seen{"/"};
    found.put("/");
    tendril::Pool pool(3);
    std::size_t done = 0;
    for (const auto& [name, links] : pool.imap(fetch, found)) {
        std::puts(name.c_str());
        for (const std::string& link : links) {
            if (seen.insert(link).second) {
                found.put(link);
            }
        }
        if (++done == seen.size()) {
            found.shutdown();
        }
    }
}
