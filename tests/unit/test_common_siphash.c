#include "common/siphash.h"

#include "tests/unit/unit.h"

/* Computed with a second implementation, whose SipHash-2-4 gives the vector of the paper. */
static void it_gives_the_known_values(void **state) {
    static const struct {
        size_t size;
        uint64_t hash;
    } cases[] = {
        { 0, 0xabac0158050fc4dc },
        { 1, 0xc9f49bf37d57ca93 },
        { 7, 0xd3927d989bb11140 },
        { 8, 0x369095118d299a8e },
        { 15, 0xd320d86d2a519956 },
        { 63, 0x9d199062b7bbb3a8 },
    };
    const struct siphash_key key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };
    char bytes[64];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_int_equal(
            siphash(&key, (struct slice){ .data = bytes, .size = cases[i].size }), cases[i].hash);
}

static void another_key_gives_another_value(void **state) {
    const struct siphash_key one = { { 0, 0 } }, two = { { 0, 1 } }, three = { { 1, 0 } };
    uint64_t hash = siphash(&one, slice_of("mymaster"));
    assert_int_not_equal(siphash(&two, slice_of("mymaster")), hash);
    assert_int_not_equal(siphash(&three, slice_of("mymaster")), hash);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gives_the_known_values),
        cmocka_unit_test(another_key_gives_another_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
