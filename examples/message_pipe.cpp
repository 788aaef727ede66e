// SPDX-License-Identifier: MIT
//
// MessagePipe: sends jobs to a child process, which is this program again; one of them carries an open file.

#include <cstdio>
#include <string>

#include <tendril/message_pipe.hpp>
#include <tendril/pipe.hpp>
#include <tendril/process.hpp>

using tendril::MessagePipe;

// In the child: answers each message, until the parent sends no more.
int serve(MessagePipe pipe) {
    while (auto job = pipe.recv()) {
        if (job->fds.empty()) {
            pipe.send("done: " + job->bytes);
        } else {
            tendril::PipeWriter{std::move(job->fds.front())}.send_all("written by the child\n");
        }
    }
    return 7;
}

int main(int argc, char** argv) {
    if (argc > 1) {
        return serve(MessagePipe::from_fd(std::stoi(argv[1])));
    }

    auto [ours, theirs] = MessagePipe::pair();
    tendril::Popen child({"/proc/self/exe", std::to_string(theirs.fd())}, {.pass_fds = {theirs.fd()}});
    theirs.close();  // otherwise this process would hold the child's end open itself

    for (const char* job : {"the first", "the second"}) {
        ours.send(job);
        std::printf("%s\n", ours.recv()->bytes.c_str());
    }

    auto [reader, writer] = tendril::make_pipe();
    ours.send("write there", {writer.fd()});
    writer.close();
    std::string line(64, '\0');
    line.resize(reader.recv_exactly(line));
    std::printf("%s", line.c_str());

    ours.close();
    std::printf("the child ended with %d\n", child.wait());
}
