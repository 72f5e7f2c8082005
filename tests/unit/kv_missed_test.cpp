#include "kv/read/missed.hpp"

#include <doctest/doctest.h>

using natskv::Missed;

TEST_CASE("nothing is missed where everything comes") {
  Missed missed;
  CHECK_FALSE(missed.report());
  missed.saw(5);
  missed.end();
  CHECK_FALSE(missed.report());
  missed.expect(5, 8);
  for (const auto revision : {6U, 7U, 8U, 9U}) missed.saw(revision);
  missed.end();
  missed.saw(20);
  CHECK_FALSE(missed.report());
  missed.expect(8, 8);
  missed.end();
  missed.saw(100);
  CHECK_FALSE(missed.report());
}

TEST_CASE("a gap is said from end to end, once, when all that was there has come") {
  Missed missed;
  missed.expect(10, 20);
  missed.saw(18);
  CHECK_FALSE(missed.report());
  missed.saw(19);
  missed.saw(20);
  CHECK_FALSE(missed.report());
  missed.end();
  CHECK(missed.report() == "revisions 11 to 17 are no longer kept and were missed");
  CHECK_FALSE(missed.report());
  missed.saw(30);
  missed.end();
  CHECK_FALSE(missed.report());
}

TEST_CASE("one revision, several gaps, a gap at the end") {
  Missed missed;
  missed.expect(10, 12);
  missed.saw(12);
  missed.end();
  CHECK(missed.report() == "revision 11 is no longer kept and was missed");
  missed.expect(0, 10);
  missed.saw(3);
  missed.saw(6);
  missed.saw(7);
  missed.saw(10);
  missed.end();
  CHECK(missed.report() == "of the revisions 1 to 9, 6 are no longer kept and were missed");
  missed.expect(10, 15);
  missed.saw(11);
  missed.end();
  CHECK(missed.report() == "revisions 12 to 15 are no longer kept and were missed");
  missed.expect(15, 20);
  missed.saw(40);  // written while the reading went on, as what is gone before it
  missed.end();
  CHECK(missed.report() == "revisions 16 to 39 are no longer kept and were missed");
}

TEST_CASE("a second outage keeps what the first has lost") {
  Missed missed;
  missed.expect(10, 20);
  missed.saw(15);
  missed.expect(15, 30);
  missed.saw(16);
  missed.saw(30);
  missed.end();
  CHECK(missed.report() == "of the revisions 11 to 29, 17 are no longer kept and were missed");
}
