"""What DynamoRIO's calls for removing code did on a like machine, for the tables of ./dev bench delete to stand beside.

Source: measured for this project in a session of its own, not together with weft's figures: DynamoRIO's main branch of
2026-08, release build, default options, 2 cores of an AMD Zen 4, Linux 6.18; hot_functions.c's ten functions in one
page, one more thread that asks for one of them at a set rate; medians of 3 windows.
"""

# threads, call: latency at 100 requests/s in us (median, p99, max), highest rate a second, slowdown at a rate.
DYNAMORIO = {
    (1, "dr_flush_region"): ((340, 10_600, 11_000), 875, {100: "1.7", 1000: "162 (519/s)"}),
    (1, "dr_unlink_flush_region"): ((480, 520, 4_400), 2_018, {100: "2.1", 1000: "55"}),
    (1, "dr_delay_flush_region"): ((3, None, None), 1_974, {100: "1.7", 1000: "72"}),
    (4, "dr_flush_region"): ((9_700, 38_000, 44_000), 48, {100: "2.3", 1000: "1.9 (59/s)"}),
    (4, "dr_unlink_flush_region"): ((740, 8_100, 8_100), 338, {100: "1.9", 1000: "4.9 (342/s)"}),
    (4, "dr_delay_flush_region"): ((2, None, None), 302, {100: "1.8", 1000: "2.6 (430/s)"}),
    (16, "dr_flush_region"): ((300_000, 300_000, 382_000), 3, {100: "1.1 (3/s)"}),
    (16, "dr_unlink_flush_region"): ((40_000, 98_000, 116_000), 21, {100: "1.4 (21/s)"}),
}
CALLS = ("dr_flush_region", "dr_unlink_flush_region", "dr_delay_flush_region")
NOTE = (
    "DynamoRIO's figures were measured for this project on a like machine (2 cores of an AMD Zen 4), in another "
    "session, with the same functions in one page: ratios travel better than microseconds. In brackets: the rate that "
    "was reached where it is below the one asked for. dr_delay_flush_region returns at once and takes effect after "
    "500 us (1 thread) and 1,100 us (4). Each of its requests deletes 170-280 fragments, 4-6 of which hold the block "
    "that was asked for; the second and third call killed a program of two threads in 7 of 8 runs. Its "
    "dr_delete_fragment takes 0.1-3 us, at most 71, for private caches and the caller's own thread alone, and leaves "
    "traces that hold the block as they are.\n")


def slowdowns(threads, rate):
    """A cell for each of CALLS."""
    return [DYNAMORIO[threads, call][2].get(rate, "") if (threads, call) in DYNAMORIO else "" for call in CALLS]


def rows():
    """threads, call, median, p99, max, highest rate: as text."""
    for (threads, call), (latency, highest, _) in DYNAMORIO.items():
        yield [f"{threads}", f"DynamoRIO {call}", *("" if value is None else f"{value:,}" for value in latency),
               f"{highest:,}"]
