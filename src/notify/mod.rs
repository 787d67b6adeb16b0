//! One message to one receiver.
