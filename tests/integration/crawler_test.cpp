// SPDX-License-Identifier: MIT
//
// tendril-crawler, run as a child process against nginx with a tree of pages that the test makes. Skipped where it is
// not built beside this test (examples/ next to tests/).

#include <gtest/gtest.h>

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <tendril/process.hpp>
#include <tendril/server.hpp>

#include "green_test.hpp"
#include "nginx.hpp"
#include "peer.hpp"

namespace {

using namespace tendril;
using namespace std::chrono_literals;

std::string crawler() {
    return (std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "examples/tendril-crawler")
        .string();
}

#define NEEDS_THE_CRAWLER()  \
    TENDRIL_NEEDS(crawler()) \
    TENDRIL_NEEDS(nginx_program)

std::string link(const std::string& to) {
    return "<p><a class=x href=\"" + to + "\">to " + to + "</a>\n";
}

// What a line of the report says of a field: `"status":200` is 200.
std::string field(const std::string& line, const std::string& name) {
    const std::size_t at = line.find("\"" + name + "\":");
    if (at == std::string::npos) {
        return "";
    }
    const std::size_t begin = at + name.size() + 3;
    const char first = line[begin];
    const std::size_t end = first == '"'   ? line.find('"', begin + 1) + 1
                            : first == '[' ? line.find(']', begin) + 1
                                           : line.find_first_of(",}", begin);
    return line.substr(begin, end - begin);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

// "/path status" of each line, in their order.
std::vector<std::string> summary(const std::string& report, const std::string& site) {
    std::vector<std::string> all;
    for (const std::string& line : lines_of(report)) {
        const std::string url = field(line, "url");
        EXPECT_TRUE(url.starts_with("\"" + site)) << line;
        all.push_back(url.substr(site.size() + 1, url.size() - site.size() - 2) + " " + field(line, "status"));
    }
    return all;
}

void make_site(const Nginx& nginx) {
    nginx.page("robots.txt", "User-agent: other\nDisallow: /\n\nUser-agent: *\nDisallow: /private/\n"
                             "Allow: /private/open.html\nDisallow: /*.pdf$\n");
    nginx.page("index.html", "<!-- " + link("/commented.html") + "-->" + link("/a.html") + link("b/") +
                                 link("/private/secret.html") + link("/private/open.html") + link("/doc.pdf") +
                                 link("/missing.html") + link("http://example.invalid/") + link("mailto:me@x.org") +
                                 "<script>'" + link("/scripted.html") + "'</script>");
    nginx.page("a.html", link("/b/") + link("/index.html") + link("/moved") + link("/loop1?a=1&amp;b=2"));
    nginx.page("b/index.html", "<A HREF='../a.html#part'>x</a>" + link("c.html") + link("/file.txt"));
    nginx.page("b/c.html", link("/") + link("c.html") + link("/a b.html"));
    nginx.page("private/secret.html", "secret");
    nginx.page("private/open.html", "open");
    nginx.page("moved-here.html", "here");
    nginx.page("a b.html", "blank");
    nginx.page("file.txt", std::string(100000, 'x'));
}

constexpr char rules[] = "gzip on; location /moved { return 301 /moved-here.html; }"
                         "location /loop1 { return 302 /loop2; } location /loop2 { return 302 /loop1; }"
                         "location /moved-here.html { }";

TENDRIL_TEST(Crawler, GoesThroughASite) {
    NEEDS_THE_CRAWLER();
    const Nginx nginx(rules);
    make_site(nginx);
    const CompletedProcess done = run({crawler(), nginx.url()}, {.deadline = 60s});
    EXPECT_EQ(done.returncode, 0) << done.err;
    const std::string site = nginx.url("");
    EXPECT_EQ(summary(done.out, site),
              (std::vector<std::string>{"/ 200", "/a.html 200", "/b/ 200", "/private/open.html 200",
                                        "/missing.html 404", "/index.html 200", "/moved 301", "/loop1?a=1&b=2 302",
                                        "/b/c.html 200", "/file.txt 200", "/moved-here.html 200", "/loop2 302",
                                        "/a%20b.html 200", "/loop1 302"}))
        << done.out;
    std::map<std::string, std::string> by_path;
    for (const std::string& line : lines_of(done.out)) {
        by_path[field(line, "url").substr(site.size() + 1)] = line;
    }
    EXPECT_EQ(field(by_path["/file.txt\""], "size"), "100000");
    EXPECT_EQ(field(by_path["/private/open.html\""], "size"), "4");
    EXPECT_EQ(field(by_path["/b/\""], "links"),
              "[\"" + site + "/a.html\",\"" + site + "/b/c.html\",\"" + site + "/file.txt\"]");
    EXPECT_EQ(field(by_path["/moved\""], "location"), "\"" + site + "/moved-here.html\"");
    EXPECT_GT(std::stod(field(by_path["/\""], "ms")), 0.0);
    EXPECT_NE(done.err.find("14 pages in "), std::string::npos) << done.err;
    EXPECT_NE(done.err.find("1 errors, 2 excluded by robots.txt"), std::string::npos) << done.err;
}

TENDRIL_TEST(Crawler, KeepsToItsBounds) {
    NEEDS_THE_CRAWLER();
    const Nginx nginx(rules);
    make_site(nginx);
    std::string all;
    for (int i = 0; i < 300; ++i) {
        all += link("/many/" + std::to_string(i) + ".html");
        nginx.page("many/" + std::to_string(i) + ".html", link("/many/") + link(std::to_string(i + 1) + ".html"));
    }
    nginx.page("many/index.html", all);
    const tendril::testing::TemporaryFolder files;
    const std::string report = files.path("report.jsonl");
    const CompletedProcess whole =
        run({crawler(), "--concurrency", "50", "--per-host", "4", "--report", report, nginx.url("/many/")},
            {.deadline = 60s});
    EXPECT_EQ(whole.returncode, 0) << whole.err;
    EXPECT_EQ(whole.out, "");
    std::ifstream in(report);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    EXPECT_EQ(lines_of(text).size(), 302U) << "the folder, 300 pages and one that is missing";

    const CompletedProcess some = run({crawler(), "--pages", "7", nginx.url("/many/")}, {.deadline = 60s});
    EXPECT_EQ(lines_of(some.out).size(), 7U);
    const CompletedProcess secret =
        run({crawler(), "--no-robots", nginx.url("/private/secret.html")}, {.deadline = 60s});
    EXPECT_EQ(lines_of(secret.out).size(), 1U);
    const CompletedProcess refused = run({crawler(), nginx.url("/private/secret.html")}, {.deadline = 60s});
    EXPECT_EQ(refused.out, "");
    const CompletedProcess tls = run(
        {crawler(), "--ca-file", tendril::testing::TemporaryFile(tendril::testing::authority().certificate()).path(),
         nginx.tls_url("/private/open.html")},
        {.deadline = 60s});
    EXPECT_EQ(summary(tls.out, nginx.tls_url("")), std::vector<std::string>{"/private/open.html 200"});
}

// TENDRIL_TRACE, opened as JSON by Python: who was spawned by whom, what they waited in, and their names.
TENDRIL_TEST(Crawler, LeavesATraceOfItsGreenThreads) {
    NEEDS_THE_CRAWLER();
    const Nginx nginx(rules);
    make_site(nginx);
    const tendril::testing::TemporaryFolder files;
    const std::string trace = files.path("trace.json");
    PopenOptions traced;
    traced.add_env = {{"TENDRIL_TRACE", trace}};
    const CompletedProcess done = run({crawler(), nginx.url()}, {.deadline = 60s, .popen = traced});
    EXPECT_EQ(done.returncode, 0) << done.err;
    const CompletedProcess read = run({"python3", "-c", R"(
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
names = {e["tid"]: e["args"] for e in events if e["name"] == "thread_name"}
main = [track for track, args in names.items() if args["name"].startswith("main #")]
imap = [track for track, args in names.items() if args["name"].startswith("imap #")]
crawlers = [track for track, args in names.items() if args.get("spawner") in imap]
spawned = [e for e in events if e["name"] == "spawned" and e["tid"] in crawlers]
waits = {e["name"] for e in events if e["ph"] == "X" and e["tid"] in crawlers}
woken = [e for e in events if e["name"] == "woken" and e["tid"] in crawlers]
print(len(main), len(imap), len(crawlers) > 1, len(spawned) == len(crawlers),
      {e["args"]["by"] for e in spawned} <= set(names), {names[c]["spawner"] for c in crawlers} <= set(names),
      {"runs", "recv"} <= waits, any(e["args"]["by"] == 0 for e in woken))
)",
                                       trace},
                                      {.deadline = 60s});
    EXPECT_EQ(read.out, "1 1 True True True True True True\n") << read.err;
}

TENDRIL_TEST(Crawler, SaysWhatIsWrong) {
    TENDRIL_NEEDS(crawler());
    EXPECT_EQ(run({crawler()}).returncode, 2);
    EXPECT_EQ(run({crawler(), "--pages", "none", "http://a/"}).returncode, 2);
    EXPECT_EQ(run({crawler(), "ftp://a/"}).returncode, 1);
    EXPECT_EQ(run({crawler(), "--help"}).returncode, 0);
}

// A server that never answers its second page.
TENDRIL_TEST(Crawler, EndsBySigintWithWhatItHas) {
    TENDRIL_NEEDS(crawler());
    Listener listener = listen("127.0.0.1:0");
    const std::string site = "http://" + listener.address().to_string();
    auto serving = spawn([&] {
        serve(listener, [](TcpSocket& client) {
            BufferedReader in(client);
            while (const auto line = in.read_line()) {
                if (line->starts_with("GET / ")) {
                    const std::string body = link("/never");
                    client.send_all("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: " +
                                    std::to_string(body.size()) + "\r\n\r\n" + body);
                } else if (line->starts_with("GET /robots")) {
                    client.send_all("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
                }
            }
        });
    });
    Popen child({crawler(), site}, {.out = PIPE, .err = PIPE});
    BufferedReader out(child.stdout_());
    const std::string first = out.read_line(60s).value_or("");
    EXPECT_EQ(field(first, "url"), "\"" + site + "/\"");
    child.send_signal(SIGINT);
    EXPECT_EQ(child.wait(60s), 130);
    EXPECT_FALSE(out.read_line(60s).has_value());
    EXPECT_NE(BufferedReader(child.stderr_()).read_all(10000).find("interrupted: 1 pages"), std::string::npos);
    serving.kill();
}

}  // namespace
