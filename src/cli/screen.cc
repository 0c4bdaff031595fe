// Copyright (c) The Chimaera authors. SPDX-License-Identifier: BSD-3-Clause
//
// termios, the alternate screen, and a signalfd.
#include "cli/screen.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include "base/file.h"

namespace chi::cli {

namespace {

constexpr const char* kEnter = "\x1b[?1049h\x1b[?25l";  // the alternate screen, without a cursor
constexpr const char* kLeave = "\x1b[?25h\x1b[?1049l";
constexpr const char* kHome = "\x1b[H";
constexpr const char* kClearLine = "\x1b[K";
constexpr const char* kClearRest = "\x1b[J";

sigset_t screen_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH}) ::sigaddset(&set, signal);
  return set;
}

void put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // the terminal went away: wait() will say so
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

winsize window() noexcept {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) {
    size.ws_row = 24;
    size.ws_col = 80;
  }
  return size;
}

bool begins_character(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }

std::string_view cut(std::string_view line, std::size_t columns) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (begins_character(line[i]) && ++width > columns) return line.substr(0, i);
  }
  return line;
}

}  // namespace

std::string screen_picture(const std::string& text, std::size_t rows, std::size_t columns) {
  std::string out = kHome;
  std::string_view rest = text;
  for (std::size_t row = 0; row < rows && !rest.empty(); ++row) {
    const std::size_t end = rest.find('\n');
    if (row != 0) out += "\r\n";
    out.append(cut(rest.substr(0, end), columns)).append(kClearLine);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return out + kClearRest;
}

void Screen::block_signals() {
  const sigset_t set = screen_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

bool Screen::possible() noexcept { return ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1; }

Result<std::unique_ptr<Screen>> Screen::open() {
  std::unique_ptr<Screen> screen(new Screen());
  const sigset_t set = screen_signals();
  screen->signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC));
  if (!screen->signals_ || ::tcgetattr(STDIN_FILENO, &screen->before_) != 0) {
    screen->signals_.reset();
    return Error{errno_code(errno), fmt::format("cannot use the terminal: {}", errno_text(errno)), {}};
  }
  screen->enter();
  return screen;
}

Screen::~Screen() {
  if (signals_) leave();
}

void Screen::enter() const {
  termios raw = before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  put(kEnter);
}

void Screen::leave() const {
  put(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
}

std::size_t Screen::rows() const noexcept { return window().ws_row; }
std::size_t Screen::columns() const noexcept { return window().ws_col; }

void Screen::draw(const std::string& text) const { put(screen_picture(text, rows(), columns())); }

Screen::Event Screen::wait(std::chrono::nanoseconds time) {
  std::array<pollfd, 2> wait{{{signals_.get(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
  const auto end = std::chrono::steady_clock::now() + time;
  for (;;) {
    const auto left = std::max(end - std::chrono::steady_clock::now(), std::chrono::nanoseconds(0));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec until{static_cast<std::time_t>(seconds.count()), static_cast<long>((left - seconds).count())};
    const int ready = ::ppoll(wait.data(), wait.size(), &until, nullptr);
    if (ready == 0) return Event::time;
    if (ready < 0 && errno != EINTR) return Event::end;
    if (ready < 0) continue;
    Event event = Event::time;
    if (wait[0].revents != 0) event = on_signal();
    if (event == Event::time && wait[1].revents != 0) event = on_key();
    if (event != Event::time) return event;
  }
}

// Ctrl-Z: the shell gets its terminal, and this program stops until it is called back.
Screen::Event Screen::on_signal() {
  signalfd_siginfo signal{};
  if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) return Event::end;
  if (signal.ssi_signo == SIGWINCH) return Event::redraw;
  if (signal.ssi_signo != SIGTSTP) return Event::end;
  leave();
  ::raise(SIGSTOP);
  enter();
  return Event::redraw;
}

Screen::Event Screen::on_key() {
  char key = 0;
  const ssize_t got = ::read(STDIN_FILENO, &key, 1);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return Event::time;
  return got <= 0 || key == 'q' || key == 'Q' || key == 3 || key == 4 ? Event::end : Event::time;
}

}  // namespace chi::cli
