// SPDX-License-Identifier: MIT
//
// A form with a file: multipart/form-data, as a browser sends it. The file goes to disk as it arrives, so it may be
// larger than memory; its name is made harmless.

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

#include <tendril/http/client.hpp>
#include <tendril/http/multipart.hpp>
#include <tendril/http/server.hpp>

using namespace tendril;

namespace {

constexpr std::uint64_t largest_file = 100 << 20;
const auto folder = std::filesystem::temp_directory_path() / ("tendril-upload-" + std::to_string(::getpid()));

void upload(http::Request& request, http::Response& response) {
    request.limit_body(2 * largest_file);  // instead of max_body, as none of it is kept in memory
    http::MultipartReader parts(request.body(), request.header("Content-Type"));  // not a form: 415
    std::string report;
    while (auto part = parts.next()) {
        if (part->filename()) {
            const std::filesystem::path path = part->save_in(folder, largest_file);  // more: 413
            report += part->name() + ": " + part->content_type() + ", saved as " + path.filename().string() + "\n";
        } else {
            report += part->name() + ": \"" + part->read_all() + "\"\n";
        }
    }
    response.send(report, "text/plain");
}

const std::string form = "--limit\r\n"
                         "Content-Disposition: form-data; name=\"title\"\r\n\r\n"
                         "My holidays\r\n"
                         "--limit\r\n"
                         "Content-Disposition: form-data; name=\"photo\"; filename=\"../../beach.jpg\"\r\n"
                         "Content-Type: image/jpeg\r\n\r\n" +
                         std::string(1 << 20, '*') + "\r\n--limit--\r\n";

}  // namespace

int main() {
    std::filesystem::create_directory(folder);
    http::Server server("127.0.0.1:0", upload);
    server.start();

    const std::string url = "http://" + server.address().to_string();
    std::printf("%s", http::post(url, form, "multipart/form-data; boundary=limit").text().c_str());
    std::printf("%ju bytes\n", static_cast<std::uintmax_t>(std::filesystem::file_size(folder / "beach.jpg")));
    std::printf("not a form: %d\n", http::post(url, "no form", "text/plain").status());

    server.stop();
    std::filesystem::remove_all(folder);
}
