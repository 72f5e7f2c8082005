// What nobody can guess.
#pragma once

#include <cstddef>
#include <string>

namespace natskv {

/// From the kernel. Throws Failure where it gives none.
void fill_randomly(void* to, std::size_t bytes);
/// So many random bytes as hexadecimal digits.
std::string random_hex(std::size_t bytes);

}  // namespace natskv
