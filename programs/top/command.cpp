// SPDX-License-Identifier: MIT

#include "top/command.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <fstream>
#include <string>
#include <utility>
#include <variant>

#include <tendril/event.hpp>
#include <tendril/greenlet.hpp>
#include <tendril/group.hpp>
#include <tendril/queue.hpp>
#include <tendril/select.hpp>
#include <tendril/signal.hpp>

#include "top/format.hpp"
#include "top/options.hpp"
#include "top/screen.hpp"
#include "top/source.hpp"

namespace tendril::top {

namespace {

using namespace std::chrono_literals;

constexpr int own_failure = 125;

struct Resized {};
struct Stopped {};
struct Failed {
    std::string why;
};
using Input = std::variant<Key, Sample, Failed, Resized, Stopped>;

// What goes on while the page is shown: one green thread asks the process, one reads keys, signals come, and all that
// arrives in one queue.
class Session {
public:
    explicit Session(const Options& options) : options_(options), source_(options.target), page_(options.page) {}

    int run() {
        Screen screen;
        const Signal resized = on_signal(SIGWINCH, [this] { inputs_.put(Resized()); });
        const Signal stopped = on_signal(SIGTSTP, [this] { inputs_.put(Stopped()); });
        const Signal ended = on_signal(SIGTERM, [this] { inputs_.put(Key{KeyName::character, 'q'}); });
        const Signal interrupted = on_signal(SIGINT, [this] { inputs_.put(Key{KeyName::character, 'q'}); });
        Group workers;
        workers.spawn([this] { ask(); });
        workers.spawn([this] { read_keys(); });
        for (;;) {
            screen.draw(page_.lines(screen.columns(), screen.rows()));
            if (!take(inputs_.get(), screen)) {
                break;
            }
        }
        workers.kill();
        return 0;
    }

private:
    void ask() {
        for (;;) {
            wanted_.clear();
            try {
                std::string text = source_.fetch(page_.query());
                last_ = Sample::of(detail::Json::parse(text), last_.all.members().empty() ? nullptr : &last_);
                inputs_.put(last_);
            } catch (const std::exception& error) {
                inputs_.put(Failed{error.what()});
            }
            static_cast<void>(wanted_.wait(options_.interval));
        }
    }

    void read_keys() {
        std::string bytes;
        for (;;) {
            const bool came = !select({STDIN_FILENO}, {}, {}, bytes.empty() ? never : Deadline(50ms)).readable.empty();
            if (came) {
                char piece[256];
                const ssize_t n = ::read(STDIN_FILENO, piece, sizeof piece);
                if (n <= 0) {  // the terminal has gone
                    inputs_.put(Key{KeyName::character, 'q'});
                    return;
                }
                bytes.append(piece, static_cast<std::size_t>(n));
            }
            for (const Key& each : take_keys(bytes, !came)) {
                inputs_.put(each);
            }
        }
    }

    // Returns: whether to go on.
    bool take(Input input, Screen& screen) {
        if (const Key* const key = std::get_if<Key>(&input)) {
            const Page::Asks asks = page_.press(*key);
            if (asks == Page::Asks::sample) {
                wanted_.set();
            }
            return asks != Page::Asks::end;
        }
        if (Sample* const sample = std::get_if<Sample>(&input)) {
            page_.take(std::move(*sample));
        } else if (const Failed* const failed = std::get_if<Failed>(&input)) {
            page_.fail(failed->why);
        } else if (std::holds_alternative<Stopped>(input)) {
            screen.give_back();
            ::raise(SIGSTOP);
            screen.take();
        }
        return true;
    }

    const Options& options_;
    Source source_;
    Page page_;
    Sample last_;
    Queue<Input> inputs_;
    Event wanted_;
};

std::size_t columns_of_output() {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0 ? size.ws_col : 160;
}

int print_once(const Options& options) {
    Source source(options.target);
    Page page(options.page);
    // Twice, because rates and percentiles are of the time between.
    const Sample first = Sample::of(detail::Json::parse(source.fetch(page.query())), nullptr);
    sleep(options.interval);
    page.take(Sample::of(detail::Json::parse(source.fetch(page.query())), &first));
    constexpr std::size_t heads = 12;
    const std::size_t rows = heads + page.sample()->all["greenlets"].items().size();
    for (const Line& each : page.lines(columns_of_output(), rows)) {
        std::string text = each.text;
        text.erase(text.find_last_not_of(' ') + 1);
        if (!text.empty() && each.style != Style::dim) {
            std::printf("%s\n", text.c_str());
        }
    }
    return 0;
}

int print_list() {
    for (const pid_t each : inspectable_processes()) {
        std::ifstream file("/proc/" + std::to_string(each) + "/cmdline");
        std::string line{std::istreambuf_iterator<char>(file), {}};
        for (char& c : line) {
            c = c == '\0' ? ' ' : c;
        }
        std::printf("%d %s\n", each, plain(line).c_str());
    }
    return 0;
}

}  // namespace

int command(const std::vector<std::string>& arguments) {
    try {
        const Options options = parse(arguments);
        if (options.help) {
            std::fputs(usage, stdout);
            return 0;
        }
        return options.list ? print_list() : options.once ? print_once(options) : Session(options).run();
    } catch (const UsageError& error) {
        std::fprintf(stderr, "tendril top: %s\nTry `tendril top --help`.\n", error.what());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "tendril top: %s\n", error.what());
    }
    return own_failure;
}

}  // namespace tendril::top
