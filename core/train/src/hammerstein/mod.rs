//! Filters around a network without memory, fitted by Levenberg and Marquardt's method.
