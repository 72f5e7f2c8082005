#include "support/identities.hpp"

#include "support/process.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>

namespace natskv::test {
namespace {

std::optional<std::string> inherited(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

// Once a build folder; test programs run beside each other.
std::string build() {
  if (program("go").empty()) return "no go";
  const std::string path = NATSKV_IDENTITIES_PROGRAM;
  const int lock = open((path + ".lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  flock(lock, LOCK_EX);
  const auto made = run({.args = {"go", "build", "-o", path, "."},
                         .env = {{"HOME", inherited("HOME")},
                                 {"XDG_CACHE_HOME", inherited("XDG_CACHE_HOME")},
                                 {"GOPATH", inherited("GOPATH")},
                                 {"GOPROXY", inherited("GOPROXY")},
                                 {"GOFLAGS", inherited("GOFLAGS")}},
                         .cwd = NATSKV_IDENTITIES,
                         .limit = 120});
  close(lock);
  return made.status == 0 ? "" : "the program that makes JWTs cannot be built: " + made.err;
}

}  // namespace

std::string make_identities(const TempDir& folder) {
  static const std::string why_not = build();
  if (!why_not.empty()) return why_not;
  const auto made = run({.args = {NATSKV_IDENTITIES_PROGRAM, folder.path().string()}});
  return made.status == 0 ? "" : made.err;
}

std::string make_certificates(const TempDir& folder) {
  if (program("openssl").empty()) return "no openssl";
  const auto made = run({.args = {"sh", "-e", "-c", R"(
    key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
    openssl req -x509 $key -keyout ca.key -out ca.pem -subj /CN=test-ca -days 30
    openssl req -x509 $key -keyout strange-ca.key -out strange-ca.pem -subj /CN=strange-ca -days 30
    openssl req -x509 $key -keyout self.key -out self.pem -subj /CN=self -days 30 -addext subjectAltName=IP:127.0.0.1
    make() {  # NAME DAYS NAMES CA
      openssl req $key -keyout $1.key -out $1.csr -subj /CN=$1
      echo "subjectAltName=$3" > $1.ext
      openssl x509 -req -in $1.csr -CA $4.pem -CAkey $4.key -CAcreateserial -days $2 -out $1.pem -extfile $1.ext
    }
    make server 30 DNS:localhost,IP:127.0.0.1 ca
    make other 30 DNS:other.example ca
    make expired 0 DNS:localhost,IP:127.0.0.1 ca
    make client 30 DNS:client ca
    make foreign 30 DNS:client strange-ca
  )"},
                         .cwd = folder.path().string()});
  if (made.status == 0) return {};
  const auto why = made.err.find("rror");  // behind its progress
  return "openssl: " + (why == std::string::npos ? made.err : made.err.substr(made.err.rfind('\n', why) + 1));
}

}  // namespace natskv::test
