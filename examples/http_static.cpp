// SPDX-License-Identifier: MIT
//
// Serves the files of a folder whole, in part, or not at all if the client has them already.

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include <tendril/file.hpp>
#include <tendril/http/client.hpp>
#include <tendril/http/router.hpp>
#include <tendril/http/static_files.hpp>

using namespace tendril;

int main() {
    const auto folder = std::filesystem::temp_directory_path() / ("tendril-static-" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    File::open(folder / "poem.txt", FileMode::write).send_all("Roses are red, violets are blue.");

    http::Router router;
    router.add("*", "/files/{path...}",
               http::StaticFiles(folder, {.prefix = "/files/", .cache_control = "max-age=60"}));
    http::Server server("127.0.0.1:0", router);
    server.start();

    http::Client client;
    const std::string url = "http://" + server.address().to_string() + "/files/";
    const auto ask = [&](const std::string& name, const http::Headers& headers = {}) {
        http::ClientResponse answer = client.request({.url = url + name, .headers = headers});
        const std::string range = answer.status() == 206 ? ", " + std::string(answer.header("Content-Range")) : "";
        const std::string text = answer.ok() ? answer.text() : answer.reason();
        std::printf("%d%s: %s\n", answer.status(), range.c_str(), text.c_str());
        return answer.headers();
    };

    const http::Headers first = ask("poem.txt");
    std::printf("type: %s\n", std::string(first.get("Content-Type")).c_str());
    ask("poem.txt", {{"Range", "bytes=0-13"}});
    ask("poem.txt", {{"Range", "bytes=-5"}});                                    // the last five
    ask("poem.txt", {{"Range", "bytes=15-"}, {"If-Range", first.get("ETag")}});  // if it is still the same
    ask("poem.txt", {{"Range", "bytes=100-"}});                                  // beyond its end
    ask("poem.txt", {{"If-None-Match", first.get("ETag")}});               // if it differs from the copy that I have
    ask("poem.txt", {{"If-Modified-Since", first.get("Last-Modified")}});  // if it is newer
    ask("%2e%2e/%2e%2e/etc/passwd");                                       // nothing outside of the folder

    server.stop();
    std::filesystem::remove_all(folder);
}
