"""The JSON API: a schema says what comes in, `presenting` what goes out."""
