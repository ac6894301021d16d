module koor.tech/licensing

go 1.21
