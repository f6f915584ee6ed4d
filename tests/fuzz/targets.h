// What is fuzzed: everything that comes from outside as bytes. Each function takes whatever bytes there are;
// a crash, a hang, a large allocation or an error other than the documented ones is a find.
#pragma once

#include <cstddef>
#include <span>

namespace kwsd::fuzz {

/// A model file, as it is, and as the payload behind a right header; what is accepted computes a window in
/// each branch.
void model(std::span<const std::byte> bytes);
/// The text of a configuration file, and what it does to the options of `kwsd run`.
void config(std::span<const std::byte> bytes);
/// A file of negatives, as it is, and as the payload behind a right header.
void negatives(std::span<const std::byte> bytes);
/// The bytes of a client of the control socket; the first one also says in what pieces they arrive.
void control(std::span<const std::byte> bytes);
/// First byte: how the rest is read (raw PCM of some format, channel count and rate, or a sound file). Then
/// all the way to 16 kHz.
void sound(std::span<const std::byte> bytes);
/// Lines, each an event of kwsd for `kwsd mqtt`, or a topic, a blank and a payload of a broker.
void mqtt(std::span<const std::byte> bytes);
/// The bytes of a client of `kwsd wyoming`; the first one also says in what pieces they arrive.
void wyoming(std::span<const std::byte> bytes);
/// A request of the page of `kwsd web`: method, target, four fields of its head and the body, a line each.
void web(std::span<const std::byte> bytes);
/// The messages of a client of `kwsd ws`, each behind two bytes: 1 for text, and an eighth of its length.
void ws(std::span<const std::byte> bytes);

}  // namespace kwsd::fuzz
