//! A page that shows how near a model came.
